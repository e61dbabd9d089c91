#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "terse/act/bits/precision.hpp"
#include "terse/act/budget/memory_plan.hpp"
#include "terse/act/budget/rehearsal.hpp"
#include "terse/formats/artifact/value.hpp"

namespace terse::act {

/// A budget on a process's resident size, and what of it is not for tensors.
struct Budget {
  std::uint64_t bytes = 0;
  std::uint64_t overhead = 0;  ///< code, libraries, the heap of small things: resident_overhead()
  std::uint64_t floor = 0;     ///< resident size at the peak so far, which nothing can undo
  bool probing = false;        ///< steps probe sensitivities: they hold more
  BudgetTier tier = BudgetTier::Bits;
};

/// What a budget asks for and gets.
struct BudgetFigures {
  std::uint64_t budget_bytes = 0;
  std::uint64_t planned_peak_bytes = 0;  ///< resident, with the bits of the next step
  BudgetTier tier = BudgetTier::Bits;
};

/// Chooses the bits of saved tensors so that the process's resident size stays within a budget.
///
/// What a tensor can become is a rung of its ladder (ladders()). What changes the step itself, as computing a block
/// once more in the backward pass, needs a rehearsal and a plan of its own (search_budget()).
class BudgetPlan {
 public:
  /// @param rehearsal  of the budget's tier
  BudgetPlan(const Rehearsal& rehearsal, Budget budget);

  /// Smallest budget that can be met.
  std::uint64_t smallest() const { return smallest_; }
  const Budget& budget() const { return budget_; }
  /// The tensors that the rehearsal saved.
  const std::vector<SavedTensor>& saved() const { return saved_; }
  /// Takes in that the process has been so large meanwhile.
  void raise_floor(std::uint64_t resident);
  /// Most bytes that tensors may take.
  std::uint64_t for_tensors() const;

  /// Gives the tensors of a table the bits of least variance whose peak fits. A tensor of unknown sensitivity counts as
  /// if rounding it did per byte what it does to the median one.
  /// @throws Error::OutOfMemory naming smallest()
  void choose(PrecisionTable& table) const;
  /// Takes in what the tensors of a step were stored in: zeros stored apart take other bytes from batch to batch, and
  /// change as the network learns.
  /// @return  whether the table's bits might no longer fit a step from now, and should be chosen anew
  bool see(std::span<const SavedTensor> saved, const PrecisionTable& table);
  /// What see() has learnt: for a checkpoint; and back. @throws Error::BadInput
  formats::Value state() const;
  void restore(const formats::Value& state);

  /// Resident size at the peak of a step with the table's bits.
  std::uint64_t planned_peak(const PrecisionTable& table) const;
  /// What the table's bits add to the gradient's variance, with unknown sensitivities as in choose().
  double variance(const PrecisionTable& table) const;
  /// The same where every tensor has so many bits.
  double variance_at(const PrecisionTable& table, int bits) const;

 private:
  /// @param change  of the bytes of tensors with zeros apart, to be provided for
  std::vector<BitLadder> ladders(const PrecisionTable& table, double change) const;
  std::uint64_t peak(const PrecisionTable& table, double change) const;
  std::uint64_t simulated(std::span<const BitLadder> ladders, std::span<const std::size_t> choice) const;

  std::vector<SavedTensor> saved_;
  std::vector<std::uint64_t> stored_, kept_;  // [saved] as Rehearsal has them
  std::map<std::string, std::size_t> index_;
  std::vector<Moment> moments_;
  Budget budget_;
  std::uint64_t second_tier_;
  std::vector<double> growth_;  // [saved] most bytes since the rehearsal as a multiple of the rehearsal's
  std::uint64_t smallest_ = 0;
};

/// Resident bytes of a process that are no tensor's, from what a rehearsal showed: rounded up to 2 MiB, so that runs
/// alike choose alike, and 2 MiB more for what differs nevertheless.
std::uint64_t resident_overhead(const Rehearsal& rehearsal);

}  // namespace terse::act
