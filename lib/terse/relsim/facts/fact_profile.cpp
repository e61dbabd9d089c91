#include "terse/relsim/facts/fact_profile.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "terse/core/error.hpp"
#include "terse/learn/shuffle.hpp"
#include "terse/relsim/facts/fact_artifact.hpp"
#include "terse/relsim/facts/fact_graph.hpp"
#include "terse/relsim/kernels/compute_thread.hpp"

namespace terse::relsim {
namespace {

std::vector<Triple> triples_of(const formats::Facts& facts, const std::string& name) {
  if (facts.weights.empty())
    throw Error(Error::BadInput, name + ": a model of counts keeps nothing for a backward pass");
  std::vector<Triple> triples;
  for (std::size_t i = 0; i < facts.triples.size(); i += 3) {
    triples.push_back({facts.triples[i], facts.triples[i + 1], facts.triples[i + 2]});
  }
  if (triples.empty()) throw Error(Error::BadInput, name + ": holds no facts to step over");
  return triples;
}

/// Of the optimizer that trained it; artifacts that do not tell were trained with Adam. At the rate of 0.
StepRule rule_of(const formats::Facts& facts, const std::string& name) {
  StepRule rule;
  try {
    if (const auto* optimizer = facts.hyperparameters.find("optimizer"))
      rule.rule = learn::optimizer_from_string(optimizer->as_string(), kRowOptimizers);
    if (const auto* momentum = facts.hyperparameters.find("momentum")) rule.momentum = momentum->as_double();
    if (!(rule.momentum >= 0 && rule.momentum < 1)) throw Error(Error::BadInput, "momentum is not from 0 to below 1");
  } catch (const Error& error) {
    throw Error(Error::BadInput, name + ": " + error.what());
  }
  return rule;
}

/// Steps at the rate of 0, which leave the weights as they are.
class ProfiledFacts final : public FactGraph {
 public:
  ProfiledFacts(FactStep& step, std::vector<Observation> observations, std::int64_t batch, std::uint64_t seed)
      : FactGraph(step, {.seed = seed}),
        observations_(std::move(observations)),
        order_(learn::shuffled(observations_.size(), {seed, core::stream_of("relsim/order"), 1})),
        batch_(std::min(static_cast<std::size_t>(batch), observations_.size())) {}

  act::Pass largest() override { return batch(0); }
  act::Pass batch(std::uint64_t ahead) override {
    const auto observations = std::make_shared<const std::vector<Observation>>(observations_of(steps_done_ + ahead));
    auto pass = pass_over(*observations);
    return {std::move(pass.inputs), [observations, forward = std::move(pass.forward)] { return forward(); }};
  }
  void run_step(const std::function<void()>& before_backward) override {
    step(observations_of(steps_done_++), before_backward);
  }

 private:
  std::vector<Observation> observations_of(std::uint64_t step) const {
    std::vector<Observation> chosen;
    for (std::size_t i = 0; i < batch_; ++i)
      chosen.push_back(observations_[order_[(step * batch_ + i) % order_.size()]]);
    return chosen;
  }

  std::vector<Observation> observations_;
  std::uint64_t steps_done_ = 0;
  std::vector<std::uint32_t> order_;
  std::size_t batch_;
};

std::uint64_t bytes_of(const act::NamedTensors& tensors) {
  std::uint64_t bytes = 0;
  for (const auto& [name, tensor] : tensors) bytes += tensor.nbytes();
  return bytes;
}

}  // namespace

formats::Profile profile_facts(const formats::Facts& facts, const std::string& name, std::int64_t batch,
                               std::uint64_t seed, const act::ProfileOptions& options,
                               const std::function<void(std::size_t, std::size_t)>& tick) {
  const auto triples = triples_of(facts, name);
  prepare_compute_thread();
  const auto rule = rule_of(facts, name);
  const auto model = load_fact_model(facts, name);
  FactStep step(model, rule);  // has room for what the optimizer keeps
  ProfiledFacts run(step, both_directions(triples, static_cast<std::int32_t>(facts.relations.size())), batch, seed);
  formats::Profile profile;
  profile.model = profile.data = "facts:" + name;
  profile.batch = static_cast<std::uint64_t>(batch);
  profile.parameter_bytes = bytes_of(model.named());
  profile.gradient_bytes = bytes_of(run.parameters());  // entities and queries are stepped as their gradient arises
  profile.optimizer_bytes = static_cast<std::uint64_t>(rule.moments()) * profile.parameter_bytes;
  act::profile_step(run.compressed().run(), options, profile, tick);
  return profile;
}

}  // namespace terse::relsim
