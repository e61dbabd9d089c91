#pragma once

#include <vector>

#include "terse/formats/kinds/similarity.hpp"

namespace terse::relsim {

/// How sure the divergences of a fact model let one be at most that two relations say the same: of the pairs that do
/// not, a certain share is as close as these two are, and the chance to be right is no more than what this share
/// leaves. Row-major [R, R] log odds, symmetric; [0] as they stand, [1] with heads and tails of one swapped; empty
/// where there is nothing to go by.
struct DivergenceLimit {
  std::vector<float> far[2];   ///< at the upper ends of the divergences' 95 % intervals
  std::vector<float> near[2];  ///< at the divergences themselves; empty without intervals: the same as `far`

  bool has_intervals() const { return !near[0].empty(); }
};

/// The null are all pairs, each by the chance that it does not say the same, as close as their divergences are. A pair
/// that is closer than all of them has no limit: infinity. O(R² log R).
/// @param same  [R, R] each: the chance that each pair says the same, as far as known
DivergenceLimit limit_by_divergences(const formats::Similarity& similarity, const std::vector<float> (&same)[2]);

}  // namespace terse::relsim
