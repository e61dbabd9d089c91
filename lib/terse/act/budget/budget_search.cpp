#include "terse/act/budget/budget_search.hpp"

#include <malloc.h>

#include "terse/act/memory/allocator.hpp"
#include "terse/core/error.hpp"
#include "terse/core/memory.hpp"

namespace terse::act {

namespace {

constexpr int kEnoughBits = 4;
// A rehearsal that must stay within the budget is given up when this share of it is left: the process may grow by what
// is no tensor's before the next allocation.
constexpr std::uint64_t kMarginShare = 32;

using FoundPlan = std::unique_ptr<BudgetPlan>;

class BudgetSearch {
 public:
  BudgetSearch(Workload& run, const BudgetWish& wish)
      : run_(run), wish_(wish), bytes_(wish.bytes), swap_(run.compression().swap) {}

  FoundPlan run() {
    consider(plan_for(BudgetTier::Bits, /*limited=*/swap_ != nullptr));
    if (best_ && !is_enough()) consider(plan_for(BudgetTier::Recompute, true));
    if (swap_ && !is_enough()) consider(plan_for(BudgetTier::Swap, best_ != nullptr));
    if (!best_) return least();
    best_->raise_floor(core::peak_resident_bytes());
    return std::move(best_);
  }

 private:
  Rehearsal rehearse_in(BudgetTier tier) {
    run_.use(tier);
    return rehearse(run_, tier == BudgetTier::Swap ? swap_ : nullptr);
  }

  /// @return null where the rehearsal would have taken more than the limit
  FoundPlan plan_for(BudgetTier tier, bool limited) {
    if (run_.use(tier) == 0 && tier == BudgetTier::Recompute) return nullptr;
    Rehearsal rehearsal;
    try {
      const ResidentLimit limit(limited ? bytes_ - bytes_ / kMarginShare : UINT64_MAX);
      rehearsal = rehearse_in(tier);
    } catch (const Error& error) {
      if (!limited || error.code() != Error::OutOfMemory) throw;
      return nullptr;
    }
    Budget budget{.bytes = bytes_, .overhead = resident_overhead(rehearsal), .floor = core::peak_resident_bytes()};
    budget.tier = tier;
    budget.probing = tier == BudgetTier::Bits && wish_.probing;
    auto plan = std::make_unique<BudgetPlan>(rehearsal, budget);
    if (budget.probing && plan->smallest() > bytes_) {
      budget.probing = false;
      plan = std::make_unique<BudgetPlan>(rehearsal, budget);
    }
    return plan;
  }

  void consider(FoundPlan plan) {
    if (!plan) return;
    if (plan->smallest() > bytes_) {
      if (!smallest_ || plan->smallest() < smallest_->smallest()) smallest_ = std::move(plan);
      return;
    }
    PrecisionTable table = wish_.known;
    table.note(plan->saved());
    plan->choose(table);
    malloc_trim(0);  // the next rehearsal would count what the heap keeps of the search
    const double variance = plan->variance(table);
    if (best_ && variance >= variance_) return;
    variance_ = variance;
    enough_ = plan->variance_at(table, kEnoughBits);
    best_ = std::move(plan);
  }

  bool is_enough() const { return best_ && variance_ <= enough_; }

  /// Nothing fits: the run is refused, and rehearsals may take what they take.
  FoundPlan least() {
    if (swap_) {
      const Rehearsal rehearsal = rehearse_in(BudgetTier::Bits);
      Budget budget{.bytes = bytes_, .overhead = resident_overhead(rehearsal)};
      auto plan = std::make_unique<BudgetPlan>(rehearsal, budget);
      // A run that could also swap gives this rehearsal up where less than the margin is left.
      const std::uint64_t taken = rehearsal.peak_bytes + budget.overhead;
      plan->raise_floor(taken + taken / (kMarginShare - 1));
      consider(std::move(plan));
    }
    return std::move(smallest_);
  }

  Workload& run_;
  const BudgetWish& wish_;
  std::uint64_t bytes_;
  std::shared_ptr<SwapStore> swap_;
  FoundPlan best_, smallest_;
  double variance_ = 0, enough_ = 0;  // of best_
};

BudgetTier tier_of(const formats::Value& state) {
  const formats::Value* name = state.find("tier");
  if (!name) return BudgetTier::Bits;  // an older checkpoint
  for (const auto tier : {BudgetTier::Bits, BudgetTier::Recompute, BudgetTier::Swap}) {
    if (name->as_string() == to_string(tier)) return tier;
  }
  throw Error(Error::BadInput, "a budget's tier '" + name->as_string() + "', which is unknown");
}

}  // namespace

std::unique_ptr<BudgetPlan> search_budget(Workload& run, const BudgetWish& wish) {
  return BudgetSearch(run, wish).run();
}

std::unique_ptr<BudgetPlan> resume_budget(Workload& run, const BudgetWish& wish, const formats::Value& state) {
  const BudgetTier tier = tier_of(state);
  run.use(tier);
  const auto& swap = run.compression().swap;
  if (tier == BudgetTier::Swap && !swap) throw Error(Error::Usage, "the run had a second tier (--swap)");
  const Rehearsal rehearsal = rehearse(run, tier == BudgetTier::Swap ? swap : nullptr);
  Budget budget{.bytes = wish.bytes,
                .overhead = static_cast<std::uint64_t>(state.at("overhead").as_integer()),
                .floor = core::peak_resident_bytes(),
                .probing = tier == BudgetTier::Bits && wish.probing,
                .tier = tier};
  auto plan = std::make_unique<BudgetPlan>(rehearsal, budget);
  if (budget.probing && plan->smallest() > budget.bytes) {
    budget.probing = false;
    plan = std::make_unique<BudgetPlan>(rehearsal, budget);
  }
  plan->restore(state);
  return plan;
}

}  // namespace terse::act
