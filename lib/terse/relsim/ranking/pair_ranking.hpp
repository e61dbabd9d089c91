#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "terse/formats/kinds/similarity.hpp"

namespace terse::relsim {

/// How two relations say the same: as they stand, or one with heads and tails exchanged.
enum class Orientation { Same, Inverse, Symmetric };

/// "same", "inverse", "symmetric".
std::string_view to_string(Orientation orientation);

/// Two relations compared in the orientation in which they are closer. A relation paired with itself is compared with
/// its own inverse: Orientation::Symmetric.
struct RelationPair {
  std::int32_t a = 0, b = 0;  ///< a < b, or a = b
  Orientation orientation = Orientation::Same;
  double kl_ab = 0, kl_ba = 0;  ///< nats; equal for a = b
  double divergence = 0;        ///< the two combined (similarity.combine)
  double score = 0;             ///< exp(-divergence / temperature)
  std::int64_t rank_ab = 0;     ///< b is a's rank_ab-th nearest relation, from 1; 0 for a = b
  std::int64_t rank_ba = 0;     ///< a is b's rank_ba-th nearest
};

/// @throws Error::BadInput that the divergence of relations a and b is no number above 0
[[noreturn]] void refuse_divergence(const formats::Similarity& similarity, std::int32_t a, std::int32_t b);

/// One figure from both directions. @param how  "max" (the paper's), "min" or "mean"
/// @throws Error::BadInput for another word
double combine_directions(double kl_ab, double kl_ba, std::string_view how);

/// Relations a and b compared in the orientation in which they are closer. The ranks are not set.
/// @throws Error::BadInput for a divergence that is no number from 0 on, or where a relation is paired with itself and
///         there is no `swapped` matrix
RelationPair compare_pair(const formats::Similarity& similarity, std::int32_t a, std::int32_t b);

/// All pairs, nearest first; pairs equally near by ids. Without `swapped` matrix every pair is Same and no relation is
/// paired with itself. O(R² log R).
std::vector<RelationPair> rank_pairs(const formats::Similarity& similarity);

}  // namespace terse::relsim
