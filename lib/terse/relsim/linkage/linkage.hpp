#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "terse/formats/kinds/clusters.hpp"
#include "terse/formats/kinds/similarity.hpp"

namespace terse::relsim {

/// How far apart two groups are: the mean, largest or smallest divergence between their members.
enum class Linkage { Average, Complete, Single };

/// "average", "complete", "single".
std::string_view to_string(Linkage linkage);

/// The linkage of that name. @throws Error::Usage for another word
Linkage linkage_called(std::string_view name);

struct ClusterOptions {
  Linkage linkage = Linkage::Average;
  double threshold = 0;  ///< merge only up to this divergence, nats
  std::optional<std::int64_t> count =
      {};                   ///< stop at so many clusters, whatever the divergence; `threshold` is then not used
  bool merge_thin = false;  ///< let relations that the similarity marks as thin be merged
};

/// Agglomerates relations that say the same. Every pair of groups is compared in both orientations, and each member
/// remembers its own, so that a group may hold relations and inverses of others. A representative is the member with
/// the most facts, the others are turned relative to it. O(R²) memory, about O(R²) time.
/// @throws Error::Usage for a count that cannot be reached (below 1, or thin relations in the way)
formats::Clusters cluster_relations(const formats::Similarity& similarity, const ClusterOptions& options);

}  // namespace terse::relsim
