#pragma once

#include <vector>

#include "terse/formats/kinds/similarity.hpp"

namespace terse::relsim {

/// Upper limits of the log odds that two relations say the same, by the divergences of a fact model: where a share of
/// the pairs that do not is as close as these two are, the chance to be right is at most 1 less that share. Row-major
/// [R, R], symmetric; [0] as they stand, [1] with heads and tails of one swapped; empty without divergences.
struct DivergenceLimit {
  std::vector<float> upper[2];     ///< by the upper bounds of the divergences' 95 % intervals
  std::vector<float> estimate[2];  ///< by the divergences themselves; empty without intervals, where both are the same

  bool has_intervals() const { return !estimate[0].empty(); }
};

/// The null distribution is that of all pairs' divergences, each pair weighted by the chance that it does not say the
/// same. A pair closer than all of them has no limit: infinity. O(R² log R).
/// @param same  [R, R] each: the chance that each pair says the same, as far as known
DivergenceLimit limit_by_divergences(const formats::Similarity& similarity, const std::vector<float> (&same)[2]);

}  // namespace terse::relsim
