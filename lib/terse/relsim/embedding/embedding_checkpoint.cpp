#include "terse/relsim/embedding/embedding_checkpoint.hpp"

#include <algorithm>

#include "terse/core/error.hpp"
#include "terse/learn/run_identity.hpp"

namespace terse::relsim {
namespace {

using formats::Value;

Value::Map embedding_options(const EmbeddingTrainingOptions& o) {
  return {{"batch", o.batch},
          {"dim", o.dim},
          {"norm", o.norm},
          {"loss", static_cast<int>(o.step.loss)},
          {"margin", o.step.margin},
          {"l2", o.step.l2},
          {"corrupt", static_cast<int>(o.negatives.corrupt)},
          {"draw", static_cast<int>(o.negatives.draw)},
          {"negatives", o.negatives.count},
          {"all_relations", o.all_relations},
          {"tau", o.tau},
          {"tau_start", o.tau_start},
          {"tau_decay", o.tau_decay},
          {"lr", o.step.lr}};
}

Value::Map epoch_map(const EmbeddingEpoch& e) {
  return {{"epoch", e.epoch},          {"steps", e.steps}, {"loss", e.loss}, {"mrr", e.mrr},
          {"hits1", e.hits1},          {"tau", e.tau},     {"best", e.best}, {"step_seconds", e.step_seconds},
          {"kept_bytes", e.kept_bytes}};
}

EmbeddingEpoch epoch_from(const Value& value) {
  EmbeddingEpoch e;
  e.epoch = value.at("epoch").as_integer();
  e.steps = value.at("steps").as_integer();
  e.loss = value.at("loss").as_double();
  e.mrr = value.at("mrr").as_double();
  e.hits1 = value.at("hits1").as_double();
  e.tau = value.at("tau").as_double();
  e.best = value.at("best").as_bool();
  e.kept_bytes = static_cast<std::uint64_t>(value.at("kept_bytes").as_integer());
  e.step_seconds = value.at("step_seconds").as_double();
  return e;
}

/// What makes a run the same.
formats::CheckpointInfo embedding_identity(const EmbeddingTrainingOptions& options, const std::string& digest) {
  formats::CheckpointInfo info;
  info.model = to_string(options.model);
  info.data = "triples";
  info.data_digest = digest;
  info.optimizer = to_string(options.step.rule);
  info.options = embedding_options(options);
  return info;
}

formats::Tensor table(const char* name, const std::vector<float>& values) {
  return formats::make_tensor(name, {static_cast<std::int64_t>(values.size())}, std::span<const float>(values));
}

/// The tensors of a state, each under its name and in the group of the checkpoint where it belongs.
template <class State, class Visit>
void for_each_tensor(State& state, const Visit& visit) {
  visit("entity", state.model.entity, 0);
  visit("relation", state.model.relation, 0);
  visit("best_entity", state.best_model.entity, 1);
  visit("best_relation", state.best_model.relation, 1);
  visit("entity/first", state.entity_optimizer.first(), 2);
  visit("entity/second", state.entity_optimizer.second(), 2);
  visit("relation/first", state.relation_optimizer.first(), 2);
  visit("relation/second", state.relation_optimizer.second(), 2);
}

}  // namespace

formats::Checkpoint store_state(const EmbeddingState& state, const EmbeddingTrainingOptions& options,
                                const std::string& digest) {
  formats::Checkpoint c{embedding_identity(options, digest), {}, {}, {}, {}};
  c.step = static_cast<std::uint64_t>(state.last.steps);
  c.epoch = static_cast<std::uint64_t>(state.last.epoch);
  c.metrics =
      Value::Map{{"last", epoch_map(state.last)}, {"best", epoch_map(state.best)}, {"since_best", state.since_best}};
  c.generator.info = {"generator", core::DType::UInt8, {0}};
  std::vector<formats::Tensor>* groups[] = {&c.parameters, &c.buffers, &c.optimizer_state};
  for_each_tensor(state, [&](const char* name, const std::vector<float>& values, int group) {
    groups[group]->push_back(table(name, values));
  });
  return c;
}

EmbeddingState load_state(const formats::Checkpoint& c, std::uint64_t seed, EmbeddingState fresh,
                          const EmbeddingTrainingOptions& options, const std::string& digest, const std::string& name) {
  learn::expect_same_run(c, seed, embedding_identity(options, digest), options.seed, name);
  try {
    fresh.last = epoch_from(c.metrics.at("last"));
    fresh.best = epoch_from(c.metrics.at("best"));
    fresh.since_best = c.metrics.at("since_best").as_integer();
  } catch (const Error& error) {
    throw Error(Error::BadInput, name + ": " + error.what());
  }
  const std::vector<formats::Tensor>* groups[] = {&c.parameters, &c.buffers, &c.optimizer_state};
  for_each_tensor(fresh, [&](const std::string& tensor, std::vector<float>& values, int group) {
    const auto found = std::ranges::find_if(*groups[group], [&](const auto& t) { return t.info.name == tensor; });
    if (found == groups[group]->end() || found->info.dtype != core::DType::Float32 ||
        found->data.size() != values.size() * sizeof(float)) {
      throw Error(Error::BadInput, name + ": tensor '" + tensor + "' is missing or does not fit");
    }
    std::ranges::copy(found->template as<float>(), values.begin());
  });
  return fresh;
}

}  // namespace terse::relsim
