#pragma once

#include "terse/act/budget/rehearsal.hpp"
#include "terse/act/packing/workload.hpp"
#include "terse/train/loop/trainer.hpp"

namespace terse::train {

/// A trainer as what rehearses its steps sees it. Parameters, buffers, generator and the step counter stay as they are.
class TrainerWorkload final : public act::ProfiledRun {
 public:
  explicit TrainerWorkload(Trainer& trainer) : trainer_(trainer) {}

  const act::CompressionOptions& compression() const override { return trainer_.options().compression; }
  void own(act::Compression& compression) const override;
  act::Pass largest() override;
  std::shared_ptr<void> keep_state() override;
  void clear_gradients() override;
  void evaluate() override;
  std::size_t use(act::BudgetTier tier) override { return trainer_.use(tier); }
  act::Pass batch(std::uint64_t ahead) override;
  NamedTensors parameters() const override { return trainer_.network().parameters(); }
  std::uint64_t seed() const override { return trainer_.options().seed; }
  double step(const act::CompressionOptions& compression, act::PackObserver observer,
              const std::function<void()>& before_backward) override;

 private:
  act::Pass pass_over(Batch batch);

  Trainer& trainer_;
};

}  // namespace terse::train
