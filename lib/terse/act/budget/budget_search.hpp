#pragma once

#include <memory>

#include "terse/act/budget/budget.hpp"
#include "terse/act/packing/workload.hpp"
#include "terse/formats/artifact/value.hpp"

namespace terse::act {

/// What is asked of a plan.
struct BudgetWish {
  std::uint64_t bytes = 0;      ///< of resident size
  bool probing = false;         ///< steps are to probe sensitivities, where that fits
  const PrecisionTable& known;  ///< what is known of the saved tensors
};

/// The cheapest tier in which a run fits its budget with no more variance than 4 bits everywhere would add; where none
/// does, the one of least variance that fits. Each is rehearsed (rehearse()); what is dearer than needed is not tried.
/// A tier that is tried for the sake of variance, or although a smaller one is left, is given up before its rehearsal
/// takes more than the budget.
/// @return  where nothing fits, the plan that needs the least: its smallest() is above the budget
/// The run is left in any tier: Workload::use().
std::unique_ptr<BudgetPlan> search_budget(Workload& run, const BudgetWish& wish);

/// The plan of a run that is resumed, in its tier. @param state  BudgetPlan::state() @throws Error::BadInput
std::unique_ptr<BudgetPlan> resume_budget(Workload& run, const BudgetWish& wish, const formats::Value& state);

}  // namespace terse::act
