#include "terse/relsim/facts/fact_profile.hpp"

#include <chrono>
#include <utility>

#include "terse/core/error.hpp"
#include "terse/relsim/facts/fact_artifact.hpp"
#include "terse/relsim/facts/fact_graph.hpp"
#include "terse/relsim/kernels/compute_thread.hpp"
#include "terse/relsim/training/shuffle.hpp"

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
      rule.rule = row_rule_of(optimizer->as_string());
    if (const auto* momentum = facts.hyperparameters.find("momentum")) rule.momentum = momentum->as_double();
    if (!(rule.momentum >= 0 && rule.momentum < 1)) throw Error(Error::BadInput, "momentum is not from 0 to below 1");
  } catch (const Error& error) {
    throw Error(Error::BadInput, name + ": " + error.what());
  }
  return rule;
}

/// Parameters with room for what the optimizer keeps of them; steps at the rate of 0 leave the weights as they are.
class FactRun final : public act::ProfiledRun {
 public:
  FactRun(FactModel model, std::span<const Triple> triples, std::int32_t relations, std::int64_t batch,
          const StepRule& rule, std::uint64_t seed)
      : model_(std::move(model)),
        observations_(both_directions(triples, relations)),
        step_(model_, rule),
        graph_(step_, {.seed = seed}),
        seed_(seed),
        order_(shuffled(observations_.size(), {seed, core::stream_of("relsim/order"), 1})),
        batch_(std::min(static_cast<std::size_t>(batch), observations_.size())) {}

  const act::CompressionOptions& compression() const override { return graph_.compression_options(); }
  void own(act::Compression& compression) const override { graph_.own(compression); }
  act::Pass largest() override { return batch(0); }
  act::Pass batch(std::uint64_t ahead) override {
    const auto observations = std::make_shared<std::vector<Observation>>(observations_of(steps_done_ + ahead));
    auto inputs = graph_.prepare(*observations);
    return {inputs, [this, observations] {
              const auto found = graph_.forward(*observations);
              return act::Pass::Result{found.rows, found.loss};
            }};
  }
  std::shared_ptr<void> keep_state() override { return nullptr; }
  void clear_gradients() override { graph_.clear_gradients(); }
  std::size_t use(act::BudgetTier) override { return 0; }
  act::NamedTensors parameters() const override { return graph_.parameters(); }
  std::uint64_t seed() const override { return seed_; }
  double step(const act::CompressionOptions& options, act::PackObserver observer,
              const std::function<void()>& before_backward) override {
    const auto begin = std::chrono::steady_clock::now();
    act::Compression compression(options);
    own(compression);
    compression.observe(std::move(observer));
    graph_.step(observations_of(steps_done_++), compression, before_backward);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }
  std::uint64_t parameter_bytes() const {
    std::uint64_t bytes = 0;
    for (const auto& [name, tensor] : model_.named()) bytes += tensor.nbytes();
    return bytes;
  }
  std::uint64_t gradient_bytes() const {
    std::uint64_t bytes = 0;  // entities and queries are stepped as their gradient arises
    for (const auto& [name, tensor] : graph_.parameters()) bytes += tensor.nbytes();
    return bytes;
  }

 private:
  std::vector<Observation> observations_of(std::uint64_t step) const {
    std::vector<Observation> chosen;
    for (std::size_t i = 0; i < batch_; ++i)
      chosen.push_back(observations_[order_[(step * batch_ + i) % order_.size()]]);
    return chosen;
  }

  FactModel model_;
  std::vector<Observation> observations_;
  FactStep step_;
  FactGraph graph_;
  std::uint64_t seed_, steps_done_ = 0;
  std::vector<std::uint32_t> order_;
  std::size_t batch_;
};

}  // namespace

formats::Profile profile_facts(const formats::Facts& facts, const std::string& name, std::int64_t batch,
                               std::uint64_t seed, const act::ProfileOptions& options,
                               const std::function<void(std::size_t, std::size_t)>& tick) {
  const auto triples = triples_of(facts, name);
  prepare_compute_thread();
  const auto rule = rule_of(facts, name);
  FactRun run(load_fact_model(facts, name), triples, static_cast<std::int32_t>(facts.relations.size()), batch, rule,
              seed);
  formats::Profile profile;
  profile.model = profile.data = "facts:" + name;
  profile.batch = static_cast<std::uint64_t>(batch);
  profile.parameter_bytes = run.parameter_bytes();
  profile.gradient_bytes = run.gradient_bytes();
  profile.optimizer_bytes = static_cast<std::uint64_t>(rule.moments()) * profile.parameter_bytes;
  act::profile_step(run, options, profile, tick);
  return profile;
}

}  // namespace terse::relsim
