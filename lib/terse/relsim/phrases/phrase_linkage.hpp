#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "terse/formats/kinds/clusters.hpp"
#include "terse/relsim/linkage/linkage.hpp"
#include "terse/relsim/phrases/phrase_kinds.hpp"

namespace terse::relsim {

struct PhraseClusters {
  using Parts = std::array<double, PhraseKinds::kParts.size()>;
  formats::Clusters clusters;
  /// Of each merge, what each part adds to the mean likeness of the members that it joins; sums to 1 - height.
  std::vector<Parts> parts;
};

/// Average linkage of phrases by 1 - likeness, for a hundred thousand of them: the likeness is a scalar product, so the
/// mean over two groups' members is that of the groups' sums, and neither all pairs nor their distances are held. Each
/// group knows the nearest other; of those the nearest pair is merged, and who has lost the nearest group looks again
/// when its turn comes: a merge brings no group nearer to a third than the nearer of its parts was. Phrases that have
/// no feature in common are never merged. The same bytes for any number of threads.
/// @param counts  [R] facts of each phrase: the largest becomes the representative
/// @param thin    [R] phrases that are left alone unless `options` says otherwise, or empty
/// @throws Error::Usage for another linkage, or a count that cannot be reached
/// Memory: that of GroupProducts. Source of the lazy search: D. Müllner, arXiv 1109.2378, "generic" algorithm.
PhraseClusters cluster_phrases(const PhraseKinds& kinds, const std::vector<std::string>& phrases,
                               const std::vector<std::int64_t>& counts, const std::vector<std::uint8_t>& thin,
                               const ClusterOptions& options);

}  // namespace terse::relsim
