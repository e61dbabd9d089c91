#include "terse/learn/compressed_training.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "terse/act/memory/allocator.hpp"
#include "terse/core/error.hpp"

namespace terse::learn {

using formats::Value;

class CompressedTraining::Run final : public act::ProfiledRun {
 public:
  explicit Run(CompressedTraining& training) : training_(training), options_(training.choice_.steps()) {}

  const act::CompressionOptions& compression() const override { return options_; }
  void own(act::Compression& compression) const override { training_.own(compression); }
  act::Pass largest() override { return training_.loop_.largest(); }
  std::shared_ptr<void> keep_state() override { return training_.loop_.keep_state(); }
  void clear_gradients() override { training_.loop_.clear_gradients(); }
  void evaluate() override { training_.loop_.evaluate(); }
  void update() override { training_.loop_.update(); }
  std::size_t use(act::BudgetTier tier) override { return training_.use(tier); }
  act::Pass batch(std::uint64_t ahead) override { return training_.loop_.batch(ahead); }
  act::NamedTensors parameters() const override { return training_.loop_.parameters(); }
  std::uint64_t seed() const override { return training_.choice_.seed; }
  double step(const act::CompressionOptions& compression, act::PackObserver observer,
              const std::function<void()>& before_backward) override {
    training_.set_compression(compression);
    training_.compression_->observe(std::move(observer));
    const auto begin = std::chrono::steady_clock::now();
    training_.loop_.run_step(before_backward);
    const auto end = std::chrono::steady_clock::now();
    training_.set_compression(options_);
    return std::chrono::duration<double>(end - begin).count();
  }

 private:
  CompressedTraining& training_;
  act::CompressionOptions options_;
};

CompressedTraining::CompressedTraining(CompressionChoice choice, TrainingLoop& loop)
    : choice_(std::move(choice)), loop_(loop), run_(std::make_unique<Run>(*this)) {
  check(choice_);
  if (choice_.budget > 0) {
    use(act::BudgetTier::Bits);
  } else {
    set_compression(run_->compression());
  }
  if (!choice_.adapts()) return;
  adaptation_ =
      std::make_unique<act::Adaptation>(act::AdaptationOptions{.default_bits = act::average_bits(choice_.level),
                                                               .every = choice_.adapt_every,
                                                               .seed = choice_.seed,
                                                               .entropy = run_->compression().entropy});
  if (choice_.policy.empty()) return;
  adaptation_->start_from(choice_.policy);
  if (!choice_.policy_bits && choice_.budget == 0) adaptation_->choose();
}

CompressedTraining::~CompressedTraining() { act::expect_no_step(); }

act::ProfiledRun& CompressedTraining::run() { return *run_; }

void CompressedTraining::own(act::Compression& compression) const {
  for (const auto& [name, tensor] : loop_.parameters()) compression.own(tensor, act::Reason::Parameter);
  for (const auto& [name, tensor] : loop_.buffers()) compression.own(tensor, act::Reason::Buffer);
}

std::size_t CompressedTraining::use(act::BudgetTier tier) {
  auto options = run_->compression();
  if (tier != act::BudgetTier::Swap) options.swap = nullptr;
  set_compression(options);
  return loop_.recompute(tier == act::BudgetTier::Recompute);
}

void CompressedTraining::set_compression(const act::CompressionOptions& options) {
  compression_ = std::make_unique<act::Compression>(options);
  own(*compression_);
}

void CompressedTraining::plan_budget(const Value& resumed) {
  budget_ = std::make_unique<act::BudgetKeeper>(*run_, *adaptation_, choice_.budget, choice_.adapt_every > 0, resumed);
}

StepCompression CompressedTraining::step(std::uint64_t number, const act::Pass& pass,
                                         const std::function<void(const act::Pass::Result&)>& after_forward) {
  act::expect_step();
  const auto swapped_before = choice_.swap ? choice_.swap->figures() : act::SwapFigures{};
  compression_->batch(pass.inputs);
  if (adaptation_) {
    adaptation_->begin_step(number, loop_.parameters(), *compression_, [&](std::uint32_t rounding) {
      const auto state = loop_.keep_state();
      const auto guard = compression_->step(rounding);
      pass.forward().loss.backward();
    });
  }
  {
    const auto guard = compression_->step(static_cast<std::uint32_t>(number));
    const auto result = pass.forward();
    if (after_forward) after_forward(result);
    if (adaptation_) {
      adaptation_->before_backward(result.output, result.loss, loop_.parameters(), *compression_);
    }
    result.loss.backward();
  }
  StepCompression figures;
  if (adaptation_) figures.adaptation = adaptation_->end_step(number, loop_.parameters(), *compression_);
  if (budget_) {
    figures.budget = {choice_.budget, budget_->planned_peak(), budget_->plan().budget().tier};
    budget_->see(compression_->saved());
  }
  if (choice_.swap) {
    figures.swap = choice_.swap->figures();
    figures.swap->swapped_bytes -= swapped_before.swapped_bytes;
    figures.swap->wait_seconds -= swapped_before.wait_seconds;
  }
  figures.exact_bytes = compression_->totals().exact_bytes;
  figures.stored_bytes = compression_->totals().stored_bytes;
  figures.without_rule = compression_->totals().without_rule;
  epoch_.exact_bytes = std::max(epoch_.exact_bytes, figures.exact_bytes);
  epoch_.stored_bytes = std::max(epoch_.stored_bytes, figures.stored_bytes);
  if (figures.adaptation) {
    epoch_.average_bits = figures.adaptation->average_bits;
    epoch_.steps_spent_on_probes = figures.adaptation->spent;
  }
  return figures;
}

void CompressedTraining::begin_epoch() {
  bound_memory();
  act::reset_allocator_peak();
  epoch_ = {};
}

EpochCompression CompressedTraining::end_epoch() {
  epoch_.peak_allocated_bytes = act::allocator_figures().peak_bytes;
  if (budget_) epoch_.planned_peak_bytes = budget_->planned_peak();
  release_memory();
  return epoch_;
}

void CompressedTraining::bound_memory() const {
  if (budget_) budget_->bound_memory();
}

void CompressedTraining::release_memory() const {
  act::expect_no_step();
  if (budget_) budget_->release_memory();
}

CompressionState CompressedTraining::state() const {
  if (!adaptation_) return {};
  CompressionState state{adaptation_->state(), adaptation_->table().tensors()};
  if (budget_) state.adaptation["budget"] = budget_->state();
  return state;
}

void CompressedTraining::restore(const CompressionState& state) {
  if (adaptation_) adaptation_->restore(state.adaptation, state.precision);
}

void CompressionState::add_to(formats::CheckpointInfo& checkpoint) const {
  checkpoint.adaptation = adaptation;
  checkpoint.precision = precision;
}

CompressionState CompressionState::from(const formats::CheckpointInfo& checkpoint) {
  return {checkpoint.adaptation, checkpoint.precision};
}

void EpochCompression::add_to(Value::Map& checkpoint) const {
  checkpoint["exact_bytes"] = Value(exact_bytes);
  checkpoint["stored_bytes"] = Value(stored_bytes);
  checkpoint["peak_allocated_bytes"] = Value(peak_allocated_bytes);
  checkpoint["planned_peak_bytes"] = Value(planned_peak_bytes);
  checkpoint["average_bits"] = average_bits;
  checkpoint["steps_spent_on_probes"] = steps_spent_on_probes;
}

EpochCompression EpochCompression::from(const Value& checkpoint) {
  const auto bytes = [&](const char* name) { return static_cast<std::uint64_t>(checkpoint.at(name).as_integer()); };
  EpochCompression epoch;
  epoch.exact_bytes = bytes("exact_bytes");
  epoch.stored_bytes = bytes("stored_bytes");
  epoch.peak_allocated_bytes = bytes("peak_allocated_bytes");
  if (checkpoint.find("planned_peak_bytes")) epoch.planned_peak_bytes = bytes("planned_peak_bytes");
  epoch.average_bits = checkpoint.at("average_bits").as_double();
  epoch.steps_spent_on_probes = checkpoint.at("steps_spent_on_probes").as_double();
  return epoch;
}

void EpochCompression::add_metrics(Value::Map& metrics) const {
  metrics["activation_bytes_exact"] = Value(exact_bytes);
  metrics["activation_bytes_stored"] = Value(stored_bytes);
  if (average_bits == 0) return;
  metrics["average_bits"] = average_bits;
  metrics["steps_spent_on_probes"] = steps_spent_on_probes;
}

void EpochCompression::add_memory(Value::Map& metrics) const {
  metrics["peak_allocated_bytes"] = Value(peak_allocated_bytes);
  if (planned_peak_bytes > 0) metrics["planned_peak_bytes"] = Value(planned_peak_bytes);
}

}  // namespace terse::learn
