#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "terse/act/bit_allocation.hpp"
#include "terse/formats/profile.hpp"

namespace terse::act {

/// A moment of a training step at which memory may be at its peak.
struct Moment {
  std::uint64_t base = 0;              ///< bytes that are live whatever the bits: model, workspace, decoded tensors
  std::vector<std::uint32_t> stored;   ///< saved tensors whose stores are live, ascending
};

/// The moments of a profile's timeline that can be the peak under some choice of bits: a moment whose stores are all
/// live at another one with no smaller base is left out. The timeline must have been recorded under compression, so
/// that a store's block is there under its tensor's index.
/// @throws Error::BadInput where the timeline releases what it did not allocate, or names a tensor that is not there
std::vector<Moment> peak_moments(const formats::Profile& profile);

/// Bytes live at the highest of the moments under a choice. @param ladders [tensors], index as in Moment::stored
std::uint64_t planned_peak(std::span<const Moment> moments, std::span<const BitLadder> ladders,
                           std::span<const std::size_t> choice);

/// The choice of little total variance for which no moment holds more than `budget` bytes. Optimal where one moment
/// decides (the usual case: the turn from forward to backward); otherwise found by pricing the moments that are over
/// the budget, with `lower_bound` the best bound of any one of them.
/// @throws Error::OutOfMemory naming the smallest budget that could be met
BitAllocation plan_memory(std::span<const Moment> moments, std::span<const BitLadder> ladders, std::uint64_t budget);

}  // namespace terse::act
