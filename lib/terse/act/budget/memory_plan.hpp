#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "terse/act/bits/bit_allocation.hpp"
#include "terse/act/budget/peak_moments.hpp"

namespace terse::act {

/// Bytes taken at the highest of the moments under a choice. @param ladders [tensors], index as in TensorAtMoment
std::uint64_t planned_peak(std::span<const Moment> moments, std::span<const BitLadder> ladders,
                           std::span<const std::size_t> choice);

/// A choice with a peak so low that bits alone hardly get below it: every tensor at its fewest bytes, but kept exactly
/// where the step needs the tensor itself at its peak anyway.
std::vector<std::size_t> smallest_choice(std::span<const Moment> moments, std::span<const BitLadder> ladders);

/// The choice of little total variance for which no moment takes more than `budget` bytes: every tensor exact where
/// that fits; optimal where one moment decides (the usual case: the turn from forward to backward); otherwise found by
/// pricing the moments that are over the budget, with `lower_bound` the best bound of any one of them.
/// @throws Error::OutOfMemory naming the smallest budget that could be met, the peak of smallest_choice()
BitAllocation plan_memory(std::span<const Moment> moments, std::span<const BitLadder> ladders, std::uint64_t budget);

}  // namespace terse::act
