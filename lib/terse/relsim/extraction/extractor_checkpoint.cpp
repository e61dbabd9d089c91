#include "terse/relsim/extraction/extractor_checkpoint.hpp"

#include <array>

#include "terse/core/error.hpp"
#include "terse/learn/run_identity.hpp"
#include "terse/relsim/training/weight_tensors.hpp"

namespace terse::relsim {
namespace {

using formats::Value;

Value::Map extractor_options(const ExtractorShape& s, const ExtractorTrainingOptions& o) {
  Value::Map map{{"batch", o.batch},
                 {"lr", o.lr},
                 {"weight_decay", o.weight_decay},
                 {"alpha", o.alpha},
                 {"tau", o.tau},
                 {"tau_start", o.tau_start},
                 {"tau_decay", o.tau_decay},
                 {"word_dim", s.word_dim},
                 {"label_dim", s.label_dim},
                 {"distance_dim", s.distance_dim},
                 {"hidden", s.hidden},
                 {"layers", s.layers},
                 {"heads", s.heads},
                 {"dropout", s.dropout}};
  o.compression.add_to(map);
  return map;
}

/// What makes a run the same.
formats::CheckpointInfo extractor_identity(const ExtractorShape& shape, const ExtractorTrainingOptions& options,
                                           const std::string& digest) {
  formats::CheckpointInfo info;
  info.model = to_string(shape.kind);
  info.data = "sentences";
  info.data_digest = digest;
  info.optimizer = to_string(learn::OptimizerKind::AdamW);
  info.options = extractor_options(shape, options);
  return info;
}

Value::Map to_value(const ExtractorEpoch& e) {
  Value::Map map{{"epoch", e.epoch},       {"steps", e.steps},       {"loss", e.loss},
                 {"micro_f1", e.micro_f1}, {"macro_f1", e.macro_f1}, {"accuracy", e.accuracy},
                 {"tau", e.tau},           {"best", e.best},         {"step_seconds", e.step_seconds}};
  e.activations.add_to(map);
  return map;
}

ExtractorEpoch extractor_epoch_from(const Value& value) {
  ExtractorEpoch e;
  e.epoch = value.at("epoch").as_integer();
  e.steps = value.at("steps").as_integer();
  e.loss = value.at("loss").as_double();
  e.micro_f1 = value.at("micro_f1").as_double();
  e.macro_f1 = value.at("macro_f1").as_double();
  e.accuracy = value.at("accuracy").as_double();
  e.tau = value.at("tau").as_double();
  e.best = value.at("best").as_bool();
  e.activations = learn::EpochCompression::from(value);
  e.step_seconds = value.at("step_seconds").as_double();
  return e;
}

}  // namespace

std::string sentences_digest(std::span<const Sentence> train, std::span<const Sentence> held_out,
                             std::span<const double> divergences) {
  learn::DataDigest digest;
  digest.add(std::as_bytes(divergences));
  const auto add = [&](const auto& values) { digest.add(std::as_bytes(std::span(values))); };
  const auto add_count = [&](std::size_t count) { digest.add(std::as_bytes(std::span(&count, 1))); };
  for (const auto sentences : {train, held_out}) {
    add_count(sentences.size());
    for (const auto& s : sentences) {
      for (const auto* words : {&s.tokens, &s.tags, &s.entities}) {
        add_count(words->size());
        for (const auto& word : *words) add(word);
      }
      add(std::array{s.head.begin, s.head.end, s.tail.begin, s.tail.end, s.relation});
      add(s.head_name);
      add(s.tail_name);
    }
  }
  return digest.text();
}

formats::Checkpoint store_state(const ExtractorState& state, const ExtractorShape& shape,
                                const ExtractorTrainingOptions& options, const std::string& digest) {
  formats::Checkpoint c{extractor_identity(shape, options, digest), {}, {}, {}, {}};
  c.epoch = static_cast<std::uint64_t>(state.last.epoch);
  c.step = static_cast<std::uint64_t>(state.last.steps);
  c.metrics =
      Value::Map{{"last", to_value(state.last)}, {"best", to_value(state.best)}, {"since_best", state.since_best}};
  state.compression.add_to(c);
  c.generator.info = {"generator", core::DType::UInt8, {0}};
  for (const auto& [name, tensor] : state.parameters) c.parameters.push_back(weight_tensor(name, tensor));
  for (const auto& [name, tensor] : state.best_parameters) c.buffers.push_back(weight_tensor(name, tensor));
  for (const auto& [name, tensor] : state.moments) c.optimizer_state.push_back(weight_tensor(name, tensor));
  return c;
}

ExtractorState load_state(const formats::Checkpoint& c, std::uint64_t seed, const ExtractorState& fresh,
                          const ExtractorShape& shape, const ExtractorTrainingOptions& options,
                          const std::string& digest, const std::string& name) {
  learn::expect_same_run(c, seed, extractor_identity(shape, options, digest), options.seed, name);
  try {
    ExtractorState state;
    state.last = extractor_epoch_from(c.metrics.at("last"));
    state.best = extractor_epoch_from(c.metrics.at("best"));
    state.since_best = c.metrics.at("since_best").as_integer();
    state.compression = learn::CompressionState::from(c);
    const auto load = [](const std::vector<formats::Tensor>& group, const act::NamedTensors& like,
                         act::NamedTensors& into) {
      for (const auto& [name, tensor] : like) into.emplace_back(name, load_tensor(group, name, tensor));
    };
    load(c.parameters, fresh.parameters, state.parameters);
    load(c.buffers, fresh.best_parameters, state.best_parameters);
    load(c.optimizer_state, fresh.moments, state.moments);
    return state;
  } catch (const Error& error) {
    throw Error(Error::BadInput, name + ": " + error.what());
  }
}

}  // namespace terse::relsim
