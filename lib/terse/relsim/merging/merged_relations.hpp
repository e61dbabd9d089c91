#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "terse/formats/kinds/clusters.hpp"
#include "terse/formats/kinds/similarity.hpp"
#include "terse/relsim/linkage/linkage.hpp"

namespace terse::relsim {

/// Why a relation is kept out of merges.
enum class ExclusionReason : std::uint8_t {
  None,
  TooFewFacts,
  IntervalTooWide,  ///< it would be merged if its divergences were exactly as estimated
};

/// "", "too few facts", "interval too wide".
std::string_view to_string(ExclusionReason reason);

/// Relations merged by one of the ways of this room.
struct MergedRelations {
  formats::Clusters clusters;
  formats::Similarity ranking;                       ///< the distances that pairs were merged by
  std::vector<ExclusionReason> excluded;             ///< [R]
  std::optional<std::size_t> clusters_as_estimated;  ///< so many, had nothing been kept apart by its interval
};

/// The relations that are kept out of `clusters`.
/// @param thin          [R] relations with too few facts, or empty
/// @param as_estimated  the clusters without intervals; null where there are none
std::vector<ExclusionReason> excluded_relations(const formats::Clusters& clusters,
                                                const std::vector<std::uint8_t>& thin, bool merge_thin,
                                                const formats::Clusters* as_estimated = nullptr);

/// Clusters `ranking`, and tells what its intervals keep apart.
/// @param as_estimated  the distances without intervals, where `ranking` holds upper bounds. Not looked at where
///                      `options` asks for a number of clusters
/// @throws Error::Usage as cluster_relations
MergedRelations merge_relations(formats::Similarity ranking, const std::optional<formats::Similarity>& as_estimated,
                                const ClusterOptions& options);

}  // namespace terse::relsim
