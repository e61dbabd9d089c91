#include "terse/relsim/facts/fact_checkpoint.hpp"

#include "terse/core/error.hpp"
#include "terse/learn/run_identity.hpp"
#include "terse/relsim/training/weight_tensors.hpp"

namespace terse::relsim {
namespace {

using formats::Value;

Value::Map fact_options(const FactTrainingOptions& o) {
  Value::Map map{
      {"batch", o.batch},
      {"dim", o.dim},
      {"hidden", o.hidden},
      {"lr", o.lr},
      {"schedule", o.schedule == learn::ScheduleKind::Linear ? "linear over " + std::to_string(o.epochs) : "constant"},
      {"weight_decay", o.weight_decay},
      {"start", static_cast<int>(o.start)},
      {"start_epochs", o.start_epochs},
      {"policy", o.compression.policy_digest},
      {"products", o.rounding == Rounding::Bfloat16 ? "bfloat16" : "float32"}};
  if (o.rule == learn::OptimizerKind::Sgd) map["momentum"] = o.momentum;
  o.compression.add_to(map);
  return map;
}

/// What makes a run the same.
formats::CheckpointInfo fact_identity(const FactTrainingOptions& options, const std::string& digest) {
  formats::CheckpointInfo info;
  info.model = "facts";
  info.data = "triples";
  info.data_digest = digest;
  info.optimizer = to_string(options.rule);
  info.options = fact_options(options);
  return info;
}

Value::Map epoch_map(const EpochReport& e) {
  Value::Map map{{"epoch", e.epoch},
                 {"steps", e.steps},
                 {"train_nats", e.train_nats},
                 {"held_out_nats", e.held_out_nats},
                 {"held_out_inverse_nats", e.held_out_inverse_nats},
                 {"best", e.best},
                 {"step_seconds", e.step_seconds}};
  e.activations.add_to(map);
  return map;
}

EpochReport epoch_from(const Value& value) {
  EpochReport e;
  e.epoch = value.at("epoch").as_integer();
  e.steps = value.at("steps").as_integer();
  e.train_nats = value.at("train_nats").as_double();
  e.held_out_nats = value.at("held_out_nats").as_double();
  e.held_out_inverse_nats = value.at("held_out_inverse_nats").as_double();
  e.best = value.at("best").as_bool();
  e.activations = learn::EpochCompression::from(value);
  e.step_seconds = value.at("step_seconds").as_double();
  return e;
}

/// A model of the group's tensors, shaped as `like`.
FactModel load_model(const std::vector<formats::Tensor>& group, const FactModel& like) {
  auto model = like.clone();
  for (auto& [name, tensor] : model.named()) tensor.copy_(load_tensor(group, name, tensor));
  return model;
}

}  // namespace

formats::Checkpoint store_state(const FactTrainer& trainer, const FactTrainingOptions& options,
                                const std::string& digest) {
  const auto state = trainer.state();
  formats::Checkpoint c{fact_identity(options, digest), {}, {}, {}, {}};
  c.epoch = state.epochs.size();
  c.step = state.epochs.empty() ? 0 : static_cast<std::uint64_t>(state.epochs.back().steps);
  Value::Array epochs;
  for (const auto& report : state.epochs) epochs.emplace_back(epoch_map(report));
  c.metrics = Value::Map{{"epochs", std::move(epochs)}};
  state.compression.add_to(c);
  c.generator.info = {"generator", core::DType::UInt8, {0}};
  const auto named = state.model.named();
  for (std::size_t i = 0; i < named.size(); ++i) {
    const auto& [name, tensor] = named[i];
    c.parameters.push_back(weight_tensor(name, tensor));
    const auto store = [&](const char* which, const at::Tensor& kept) {
      if (kept.defined()) c.optimizer_state.push_back(weight_tensor(name + which, kept));
    };
    store("/first", state.moments[i]->first());
    store("/second", state.moments[i]->second());
  }
  if (state.best_model.entity.defined()) {
    for (const auto& [name, tensor] : state.best_model.named()) c.buffers.push_back(weight_tensor(name, tensor));
  }
  return c;
}

void restore_state(const formats::Checkpoint& c, std::uint64_t seed, const FactTrainingOptions& options,
                   const std::string& digest, const std::string& name, FactTrainer& trainer) {
  learn::expect_same_run(c, seed, fact_identity(options, digest), options.seed, name);
  try {
    FactState state;
    for (const auto& epoch : c.metrics.at("epochs").as_array()) state.epochs.push_back(epoch_from(epoch));
    const auto begun = trainer.state();
    const auto& fresh = begun.model;
    state.model = load_model(c.parameters, fresh);
    state.best_model = c.buffers.empty() ? state.model : load_model(c.buffers, fresh);
    state.compression = learn::CompressionState::from(c);
    std::vector<std::pair<at::Tensor, at::Tensor>> moments;
    const auto named = state.model.named();
    for (std::size_t i = 0; i < named.size(); ++i) {
      const auto load = [&](const char* which, const at::Tensor& kept) {
        return kept.defined() ? load_tensor(c.optimizer_state, named[i].first + which, kept) : at::Tensor();
      };
      moments.emplace_back(load("/first", begun.moments[i]->first()), load("/second", begun.moments[i]->second()));
    }
    trainer.restore(state, moments);
  } catch (const Error& error) {
    throw Error(Error::BadInput, name + ": " + error.what());
  }
}

}  // namespace terse::relsim
