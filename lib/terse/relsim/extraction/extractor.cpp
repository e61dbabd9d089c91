#include "terse/relsim/extraction/extractor.hpp"

#include <algorithm>
#include <cmath>

#include "terse/act/operators/lstm.hpp"
#include "terse/core/error.hpp"

namespace terse::relsim {
namespace {

constexpr double kNever = -1e9;  // added to the logits of padding

}  // namespace

ExtractorKind extractor_kind_of(std::string_view name) {
  if (name == "pa-lstm") return ExtractorKind::PaLstm;
  if (name == "transformer") return ExtractorKind::Transformer;
  throw Error(Error::Usage, "no such extractor: " + std::string(name));
}

std::string_view to_string(ExtractorKind kind) { return kind == ExtractorKind::PaLstm ? "pa-lstm" : "transformer"; }

at::Tensor Extractor::make(const std::string& name, at::IntArrayRef sizes, double bound, double middle) {
  auto tensor = at::empty(sizes, at::kFloat);
  core::RandomSequence random({seed_, core::stream_of(("relsim/extractor." + name).c_str()), 0});
  auto* values = tensor.data_ptr<float>();
  for (std::int64_t i = 0; i < tensor.numel(); ++i) {
    values[i] = static_cast<float>(middle + (bound > 0 ? bound * (2 * random.uniform() - 1) : 0));
  }
  return register_parameter(name, tensor);
}

at::Tensor Extractor::make_linear(const std::string& name, std::int64_t in, std::int64_t out) {
  make(name + "_bias", {out}, 0);
  return make(name + "_weight", {out, in}, std::sqrt(6.0 / static_cast<double>(in + out)));
}

Extractor::Extractor(const ExtractorShape& shape, std::uint64_t seed) : shape_(shape), seed_(seed) {
  const auto require = [](bool good, const char* message) {
    if (!good) throw Error(Error::Usage, message);
  };
  require(shape.word_dim > 0 && shape.label_dim > 0 && shape.distance_dim > 0 && shape.hidden > 0,
          "dimensions must be at least 1");
  require(shape.dropout >= 0 && shape.dropout < 1, "dropout must be in [0, 1)");
  require(shape.layers > 0 && shape.heads > 0 && shape.hidden % shape.heads == 0,
          "the heads must divide the hidden size");
  make("words", {shape.words, shape.word_dim}, 0.25);
  auto width = shape.word_dim;
  for (const auto& [name, size] : {std::pair{"tags", shape.tags}, std::pair{"entities", shape.entities}}) {
    if (size == 0) continue;
    make(name, {size, shape.label_dim}, 0.25);
    width += shape.label_dim;
  }
  make("head_distances", {kDistances, shape.distance_dim}, 0.25);
  make("tail_distances", {kDistances, shape.distance_dim}, 0.25);
  const auto h = shape.hidden;
  if (shape.kind == ExtractorKind::PaLstm) {
    make("lstm_weight_ih", {4 * h, width}, 1 / std::sqrt(static_cast<double>(h)));
    make("lstm_weight_hh", {4 * h, h}, 1 / std::sqrt(static_cast<double>(h)));
    make("lstm_bias_ih", {4 * h}, 0);
    make("lstm_bias_hh", {4 * h}, 0);
    make_linear("attend_state", h, h);
    make_linear("attend_last", h, h);
    make_linear("attend_distance", 2 * shape.distance_dim, h);
    make_linear("attend", h, 1);
    make_linear("relation", h, shape.relations);
    return;
  }
  make_linear("input", width + 2 * shape.distance_dim, h);
  for (std::int64_t i = 0; i < shape.layers; ++i) {
    const auto layer = "layer" + std::to_string(i);
    for (const auto* name : {"_norm1", "_norm2"}) {
      make(layer + name + "_weight", {h}, 0, 1);
      make(layer + name + "_bias", {h}, 0);
    }
    make_linear(layer + "_qkv", h, 3 * h);
    make_linear(layer + "_out", h, h);
    make_linear(layer + "_wide", h, 4 * h);
    make_linear(layer + "_narrow", 4 * h, h);
  }
  make("norm_weight", {h}, 0, 1);
  make("norm_bias", {h}, 0);
  make_linear("relation", 3 * h, shape.relations);
}

at::Tensor Extractor::linear(const std::string& name, const at::Tensor& x) {
  return at::linear(x, named_parameters()[name + "_weight"], named_parameters()[name + "_bias"]);
}

at::Tensor Extractor::norm(const std::string& name, const at::Tensor& x) {
  return at::layer_norm(x, {x.size(-1)}, named_parameters()[name + "_weight"], named_parameters()[name + "_bias"]);
}

at::Tensor Extractor::dropped(const at::Tensor& x, const DropoutKey& key, const char* place) const {
  if (!key.training || shape_.dropout == 0) return x;
  auto mask = at::empty(x.sizes(), at::kFloat);
  const core::RandomKey random{key.seed, core::stream_of(place), key.step};
  const auto words = core::stream_words(random);
  const auto keep = static_cast<float>(1 - shape_.dropout), scale = 1 / keep;
  auto* values = mask.data_ptr<float>();
  for (std::int64_t i = 0; i < mask.numel(); i += 4) {
    const auto block =
        core::philox4x32_10({static_cast<std::uint32_t>(i / 4), 0, words.upper[0], words.upper[1]}, words.key);
    for (std::int64_t j = i; j < std::min<std::int64_t>(i + 4, mask.numel()); ++j) {
      values[j] = core::to_unit_float(block[static_cast<std::size_t>(j - i)]) < keep ? scale : 0;
    }
  }
  return x * mask;
}

at::Tensor Extractor::inputs(const SentenceBatch& batch, const DropoutKey& key) {
  const auto tables = named_parameters();
  std::vector<at::Tensor> parts{at::embedding(tables["words"], batch.words)};
  if (shape_.tags > 0) parts.push_back(at::embedding(tables["tags"], batch.tags));
  if (shape_.entities > 0) parts.push_back(at::embedding(tables["entities"], batch.entities));
  return dropped(at::cat(parts, 2), key, "relsim/dropout.inputs");
}

at::Tensor Extractor::lstm(const SentenceBatch& batch, const DropoutKey& key) {
  const auto parameters = named_parameters();
  const auto x = inputs(batch, key);
  const auto start = at::zeros({1, x.size(0), shape_.hidden});
  const std::vector<at::Tensor> weights{parameters["lstm_weight_ih"], parameters["lstm_weight_hh"],
                                        parameters["lstm_bias_ih"], parameters["lstm_bias_hh"]};
  // Padding comes last and is never looked at: it cannot change the states of the tokens before it.
  const bool compressible = compressible_ && key.training;
  const auto all = compressible
                       ? act::lstm(x, weights[0], weights[1], weights[2], weights[3])
                       : std::get<0>(at::lstm(x, {start, start}, weights, true, 1, 0.0, key.training, false, true));
  const auto states = dropped(all, key, "relsim/dropout.states");
  const auto last = (batch.lengths - 1).view({-1, 1, 1}).expand({-1, 1, shape_.hidden});
  const auto query = states.gather(1, last);
  const auto distances = at::cat({at::embedding(parameters["head_distances"], batch.head_distance),
                                  at::embedding(parameters["tail_distances"], batch.tail_distance)},
                                 2);
  const auto mixed =
      at::tanh(linear("attend_state", states) + linear("attend_last", query) + linear("attend_distance", distances));
  const auto logits = linear("attend", mixed).squeeze(2) + (1 - batch.mask) * kNever;
  return at::bmm(at::softmax(logits, 1).unsqueeze(1), states).squeeze(1);
}

at::Tensor Extractor::attention(const std::string& layer, const at::Tensor& x, const at::Tensor& blocked) {
  const auto n = x.size(0), length = x.size(1), dim = shape_.hidden / shape_.heads;
  const auto qkv = linear(layer + "_qkv", x).view({n, length, 3, shape_.heads, dim}).permute({2, 0, 3, 1, 4});
  const auto scores = at::matmul(qkv[0], qkv[1].transpose(2, 3)) / std::sqrt(static_cast<double>(dim)) + blocked;
  const auto mixed = at::matmul(at::softmax(scores, 3), qkv[2]).transpose(1, 2).reshape({n, length, shape_.hidden});
  return linear(layer + "_out", mixed);
}

at::Tensor Extractor::transformer(const SentenceBatch& batch, const DropoutKey& key) {
  const auto tables = named_parameters();
  auto x = linear("input", at::cat({inputs(batch, key), at::embedding(tables["head_distances"], batch.head_distance),
                                    at::embedding(tables["tail_distances"], batch.tail_distance)},
                                   2));
  const auto blocked = ((1 - batch.mask) * kNever).unsqueeze(1).unsqueeze(1);
  for (std::int64_t i = 0; i < shape_.layers; ++i) {
    const auto layer = "layer" + std::to_string(i);
    x = x + attention(layer, norm(layer + "_norm1", x), blocked);
    x = x + linear(layer + "_narrow", at::gelu(linear(layer + "_wide", norm(layer + "_norm2", x))));
  }
  x = norm("norm", x);
  // The means over both entities, whose tokens are at distance 0, and over the sentence.
  std::vector<at::Tensor> parts;
  for (const auto& mask : {batch.head_distance.eq(kFarthest + 1).to(at::kFloat),
                           batch.tail_distance.eq(kFarthest + 1).to(at::kFloat), batch.mask}) {
    parts.push_back((x * mask.unsqueeze(2)).sum(1) / mask.sum(1, true).clamp_min(1));
  }
  return at::cat(parts, 1);
}

at::Tensor Extractor::forward(const SentenceBatch& batch, const DropoutKey& key) {
  const auto features = shape_.kind == ExtractorKind::PaLstm ? lstm(batch, key) : transformer(batch, key);
  return linear("relation", dropped(features, key, "relsim/dropout.features"));
}

}  // namespace terse::relsim
