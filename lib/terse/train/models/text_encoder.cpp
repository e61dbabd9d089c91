#include "terse/core/error.hpp"
#include "terse/train/base/attention.hpp"
#include "terse/train/models/models.hpp"

namespace terse::train {

namespace {

using Linear = torch::nn::LinearImpl;
using LayerNorm = torch::nn::LayerNormImpl;
using Dropout = torch::nn::DropoutImpl;
using Embedding = torch::nn::EmbeddingImpl;

struct TextSizes {
  std::int64_t vocabulary, length, dim, depth, heads, mlp, classes;
  double dropout;
};

/// torch.nn.TransformerEncoderLayer with norm_first and GELU.
class EncoderLayer : public PathModule {
 public:
  EncoderLayer(const std::string& path, const TextSizes& sizes) : PathModule(path) {
    self_attn_ = nest<SelfAttention>("self_attn", sizes.dim, sizes.heads, sizes.dropout);
    linear1_ = make<Linear>("linear1", sizes.dim, sizes.mlp);
    dropout_ = make<Dropout>("dropout", sizes.dropout);
    linear2_ = make<Linear>("linear2", sizes.mlp, sizes.dim);
    norm1_ = make<LayerNorm>("norm1", torch::nn::LayerNormOptions({sizes.dim}));
    norm2_ = make<LayerNorm>("norm2", torch::nn::LayerNormOptions({sizes.dim}));
    dropout1_ = make<Dropout>("dropout1", sizes.dropout);
    dropout2_ = make<Dropout>("dropout2", sizes.dropout);
  }

  bool keeps_examples_apart() const override { return true; }

  at::Tensor forward(const at::Tensor& input, const at::Tensor& mask) {
    const auto x = input + dropout1_(self_attn_(norm1_(input), mask));
    auto hidden = linear1_(norm2_(x));
    {
      act::ModuleScope scope(child_path("activation"));
      hidden = at::gelu(hidden);
    }
    return x + dropout2_(linear2_(dropout_(hidden)));
  }

 private:
  Child<SelfAttention> self_attn_;
  Child<Linear> linear1_, linear2_;
  Child<LayerNorm> norm1_, norm2_;
  Child<Dropout> dropout_, dropout1_, dropout2_;
};

class TextEncoder : public Model {
 public:
  explicit TextEncoder(const TextSizes& sizes) : length_(sizes.length) {
    embedding_ = make<Embedding>("embedding", torch::nn::EmbeddingOptions(sizes.vocabulary, sizes.dim).padding_idx(0));
    position_ = make<Embedding>("position", sizes.length, sizes.dim);
    for (auto* table : {&embedding_, &position_}) torch::nn::init::normal_((*table)->weight, 0, 0.02);
    {
      torch::NoGradGuard guard;
      embedding_->weight[0].zero_();
    }
    auto encoder = nest<ModuleGroup>("encoder");
    auto layers = encoder->nest<ModuleGroup>("layers");
    for (std::int64_t i = 0; i < sizes.depth; ++i) {
      layers_.push_back(layers->nest_block<EncoderLayer>(std::to_string(i), sizes));
    }
    norm_ = encoder->make<LayerNorm>("norm", torch::nn::LayerNormOptions({sizes.dim}));
    classifier_ = make<Linear>("classifier", sizes.dim, sizes.classes);
  }

  at::Tensor forward(const std::vector<at::Tensor>& inputs) override {
    const auto& tokens = inputs.at(0);
    if (tokens.size(1) > length_) {
      throw Error(Error::Usage, "model text: a batch of " + std::to_string(tokens.size(1)) +
                                    " tokens is longer than length=" + std::to_string(length_));
    }
    const auto present = tokens.ne(0);
    const auto mask = present.unsqueeze(1).unsqueeze(1);
    auto x = embedding_(tokens) + position_(at::arange(tokens.size(1), tokens.options()));
    for (const auto& layer : layers_) x = layer(x, mask);
    x = norm_(x);
    act::ModuleScope scope("mean");
    const auto weights = present.to(x.scalar_type()).unsqueeze(2);
    return classifier_((x * weights).sum(1) / weights.sum(1).clamp_min(1));
  }

 private:
  std::int64_t length_;
  Child<Embedding> embedding_, position_;
  std::vector<Child<EncoderLayer>> layers_;
  Child<LayerNorm> norm_;
  Child<Linear> classifier_;
};

}  // namespace

std::shared_ptr<Model> make_text_encoder(SpecReader& spec, const DataShape& data) {
  if (data.kind != DataShape::Kind::Tokens) throw Error(Error::Usage, "model text takes text");
  TextSizes sizes{};
  sizes.vocabulary = spec.integer("vocabulary", data.vocabulary, 2);
  sizes.length = spec.integer("length", data.extents.at(0));
  sizes.dim = spec.integer("dim", 128);
  sizes.depth = spec.integer("depth", 2);
  sizes.heads = spec.integer("heads", 4);
  sizes.mlp = spec.integer("mlp", 4 * sizes.dim);
  sizes.classes = spec.integer("classes", data.classes, 2);
  sizes.dropout = spec.number("dropout", 0.1, 0, 1);
  if (sizes.dim % sizes.heads != 0) throw Error(Error::Usage, "model text: dim must be a multiple of heads");
  return std::make_shared<TextEncoder>(sizes);
}

}  // namespace terse::train
