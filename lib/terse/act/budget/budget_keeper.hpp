#pragma once

#include <cstdint>
#include <memory>

#include "terse/act/budget/budget_search.hpp"
#include "terse/act/probing/adaptation.hpp"

namespace terse::act {

/// Keeps a run within a budget: its adaptation chooses bits by the plan, and memory is kept for reuse as far as the
/// plan's peak leaves room.
class BudgetKeeper {
 public:
  /// Finds the plan, and has bits chosen by it. Before the first step.
  /// @param adaptation  outlives this
  /// @param probing     steps are to probe sensitivities, where that fits
  /// @param resumed     state() of the run that is resumed, whose bits the adaptation gets afterwards; or nil
  /// @throws Error::OutOfMemory naming the smallest budget that could be met
  BudgetKeeper(Workload& run, Adaptation& adaptation, std::uint64_t bytes, bool probing, const formats::Value& resumed);
  BudgetKeeper(const BudgetKeeper&) = delete;
  BudgetKeeper& operator=(const BudgetKeeper&) = delete;

  /// Before training steps: freed memory may be kept for reuse.
  void bound_memory() const;
  /// Before what is no training step: nothing is kept, so that what it takes fits in its place.
  void release_memory() const;
  /// After a step: what its tensors were stored in. May have bits chosen anew.
  void see(std::span<const SavedTensor> saved);
  /// Resident bytes at the peak of the next step.
  std::uint64_t planned_peak() const { return plan_->planned_peak(adaptation_.table()); }
  const BudgetPlan& plan() const { return *plan_; }
  formats::Value state() const { return plan_->state(); }

 private:
  Adaptation& adaptation_;
  std::unique_ptr<BudgetPlan> plan_;
};

}  // namespace terse::act
