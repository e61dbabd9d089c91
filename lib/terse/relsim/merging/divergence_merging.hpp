#pragma once

#include "terse/relsim/merging/merged_relations.hpp"

namespace terse::relsim {

struct DivergenceMerging {
  ClusterOptions clustering = {.threshold = 0.5};
  /// Take each divergence at the upper bound of its 95 % interval, where the similarity has intervals: what merges
  /// would do so wherever in the interval the divergence is.
  bool upper_bounds = false;
  bool inverses = true;  ///< compare relations with heads and tails swapped, too
};

/// Merges relations by the divergences of their fact distributions.
/// @throws Error::Usage for a number of clusters that cannot be reached
MergedRelations merge_by_divergence(formats::Similarity similarity, const DivergenceMerging& options = {});

}  // namespace terse::relsim
