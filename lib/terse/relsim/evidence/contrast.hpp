#pragma once

#include <string>
#include <vector>

namespace terse::relsim {

/// One way of looking at all pairs of relations: how different each pair looks, with a standard error, in both
/// orientations. Row-major [R, R], symmetric; [0] as they stand, [1] with heads and tails of one swapped, where the
/// diagonal compares a relation with itself turned round.
struct Contrast {
  std::string name;
  std::vector<float> difference[2], noise[2];
  /// Chance that a pair which says the same has nothing to do with the contrast: then it looks like any other. 0 where
  /// the difference of the same is always within noise and tolerance.
  double unrelated = 0;
  double tolerance = 0;  ///< deviation of relations that say the same, beside the noise
};

/// What one way of looking says of every pair: log P(it looks so | the same) - log P(it looks so | not the same).
/// Shaped as in Contrast; [0]'s diagonal is 0.
struct EvidencePart {
  std::string name;
  std::vector<float> ratio[2];
};

/// How many of those that say the same would look at least as different, against how many of the others look at least
/// as close, noise allowed for: a pair whose noise hides what tells others apart gets no evidence.
/// @param same  [R, R] each: the chance that each pair says the same, as far as known; the rest are the others
EvidencePart weigh(const Contrast& contrast, std::size_t relations, const std::vector<float> (&same)[2]);

}  // namespace terse::relsim
