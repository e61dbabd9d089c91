#pragma once

#include <memory>

#include "terse/formats/value.hpp"
#include "terse/train/budget.hpp"

namespace terse::train {

class Trainer;

/// The cheapest tier in which a run fits its budget with no more variance than 4 bits everywhere would add; where none
/// does, the one of least variance that fits. Each is rehearsed (rehearse()); what is dearer than needed is not tried.
/// A tier that is tried for the sake of variance, or although a smaller one is left, is given up before its rehearsal
/// takes more than the budget.
/// @return  where nothing fits, the plan that needs the least: its smallest() is above the budget
/// The trainer is left in any tier: Trainer::use().
std::unique_ptr<BudgetPlan> search_budget(Trainer& trainer);

/// The plan of a run that is resumed, in its tier. @param state  BudgetPlan::state() @throws Error::BadInput
std::unique_ptr<BudgetPlan> resume_budget(Trainer& trainer, const formats::Value& state);

}  // namespace terse::train
