#include "terse/relsim/facts/fact_checkpoint.hpp"

#include "terse/core/error.hpp"
#include "terse/relsim/facts/fact_artifact.hpp"
#include "terse/relsim/training/training_checkpoint.hpp"

namespace terse::relsim {
namespace {

using formats::Value;

Value::Map options_map(const FactTrainingOptions& o) {
  Value::Map map{{"batch", o.batch},
                 {"dim", o.dim},
                 {"hidden", o.hidden},
                 {"lr", o.lr},
                 {"schedule", o.descent == Descent::Linear ? "linear over " + std::to_string(o.epochs) : "constant"},
                 {"weight_decay", o.weight_decay},
                 {"start", static_cast<int>(o.start)},
                 {"start_epochs", o.start_epochs},
                 {"level", act::to_string(o.compression.level)},
                 {"bits", o.compression.bits},
                 {"budget", o.compression.budget},
                 {"policy", o.policy_digest},
                 {"adapt_every", o.compression.adapt_every},
                 {"products", o.rounding == Rounding::Bfloat16 ? "bfloat16" : "float32"}};
  if (o.rule == RowRule::Sgd) map["momentum"] = o.momentum;
  return map;
}

Value::Map epoch_map(const EpochReport& e) {
  return {{"epoch", e.epoch},
          {"steps", e.steps},
          {"train_nats", e.train_nats},
          {"held_out_nats", e.held_out_nats},
          {"held_out_inverse_nats", e.held_out_inverse_nats},
          {"best", e.best},
          {"exact_bytes", e.exact_bytes},
          {"stored_bytes", e.stored_bytes},
          {"peak_allocated_bytes", e.peak_allocated_bytes},
          {"planned_peak_bytes", e.planned_peak_bytes},
          {"average_bits", e.average_bits},
          {"steps_spent_on_probes", e.steps_spent_on_probes},
          {"step_seconds", e.step_seconds}};
}

EpochReport epoch_from(const Value& value) {
  EpochReport e;
  e.epoch = value.at("epoch").as_integer();
  e.steps = value.at("steps").as_integer();
  e.train_nats = value.at("train_nats").as_double();
  e.held_out_nats = value.at("held_out_nats").as_double();
  e.held_out_inverse_nats = value.at("held_out_inverse_nats").as_double();
  e.best = value.at("best").as_bool();
  const auto bytes = [&](const char* name) { return static_cast<std::uint64_t>(value.at(name).as_integer()); };
  e.exact_bytes = bytes("exact_bytes");
  e.stored_bytes = bytes("stored_bytes");
  e.peak_allocated_bytes = bytes("peak_allocated_bytes");
  if (value.find("planned_peak_bytes")) e.planned_peak_bytes = bytes("planned_peak_bytes");
  e.average_bits = value.at("average_bits").as_double();
  e.steps_spent_on_probes = value.at("steps_spent_on_probes").as_double();
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
  formats::Checkpoint c;
  c.model = "facts";
  c.data = "triples";
  c.data_digest = digest;
  c.epoch = state.epochs.size();
  c.step = state.epochs.empty() ? 0 : static_cast<std::uint64_t>(state.epochs.back().steps);
  c.optimizer = to_string(options.rule);
  c.options = options_map(options);
  Value::Array epochs;
  for (const auto& report : state.epochs) epochs.emplace_back(epoch_map(report));
  c.metrics = Value::Map{{"epochs", std::move(epochs)}};
  c.adaptation = state.adaptation;
  c.precision = state.precision;
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
  check_same_run(c, seed, {"facts", std::string(to_string(options.rule)), digest, options.seed, options_map(options)},
                 name);
  try {
    FactState state;
    for (const auto& epoch : c.metrics.at("epochs").as_array()) state.epochs.push_back(epoch_from(epoch));
    const auto begun = trainer.state();
    const auto& fresh = begun.model;
    state.model = load_model(c.parameters, fresh);
    state.best_model = c.buffers.empty() ? state.model : load_model(c.buffers, fresh);
    state.adaptation = c.adaptation;
    state.precision = c.precision;
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
