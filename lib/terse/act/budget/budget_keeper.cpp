#include "terse/act/budget/budget_keeper.hpp"

#include <malloc.h>

#include "terse/act/memory/allocator.hpp"

namespace terse::act {

BudgetKeeper::BudgetKeeper(Workload& run, Adaptation& adaptation, std::uint64_t bytes, bool probing,
                           const formats::Value& resumed)
    : adaptation_(adaptation) {
  // The heap gives large blocks back when they are freed; by itself it would keep ever larger ones.
  mallopt(M_MMAP_THRESHOLD, 128 << 10);
  release_memory();  // so that all resident memory is accounted for
  const BudgetWish wish{.bytes = bytes, .probing = probing, .known = adaptation.table()};
  plan_ = resumed.is_nil() ? search_budget(run, wish) : resume_budget(run, wish, resumed);
  run.use(plan_->budget().tier);
  if (!plan_->budget().probing) adaptation_.stop_probing();
  adaptation_.note(plan_->saved());
  adaptation_.choose_by([this](PrecisionTable& table) {
    plan_->choose(table);
    bound_memory();
  });
  if (resumed.is_nil()) adaptation_.choose(!plan_->budget().probing);
}

void BudgetKeeper::bound_memory() const {
  malloc_trim(0);  // what the heap keeps of the search, an evaluation or a checkpoint is not in the plan
  bound_allocator(planned_peak() - plan_->budget().overhead);
}

void BudgetKeeper::release_memory() const { bound_allocator(0); }

void BudgetKeeper::see(std::span<const SavedTensor> saved) {
  if (plan_->see(saved, adaptation_.table())) adaptation_.choose(false);
}

}  // namespace terse::act
