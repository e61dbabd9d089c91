#include "terse/relsim/merging/merged_relations.hpp"

#include <algorithm>
#include <utility>

#include "terse/core/error.hpp"

namespace terse::relsim {
namespace {

bool is_single(const formats::Clusters& clusters, std::size_t relation) {
  return std::ranges::count(clusters.cluster, clusters.cluster[relation]) == 1;
}

}  // namespace

std::string_view to_string(ExclusionReason reason) {
  switch (reason) {
    case ExclusionReason::None:
      return "";
    case ExclusionReason::TooFewFacts:
      return "too few facts";
    case ExclusionReason::IntervalTooWide:
      return "interval too wide";
  }
  throw Error(Error::Internal, "no such reason");
}

std::vector<ExclusionReason> excluded_relations(const formats::Clusters& clusters,
                                                const std::vector<std::uint8_t>& thin, bool merge_thin,
                                                const formats::Clusters* as_estimated) {
  std::vector<ExclusionReason> excluded(clusters.relations.size());
  for (std::size_t r = 0; r < excluded.size(); ++r) {
    if (!merge_thin && !thin.empty() && thin[r]) excluded[r] = ExclusionReason::TooFewFacts;
    if (as_estimated && is_single(clusters, r) && !is_single(*as_estimated, r)) {
      excluded[r] = ExclusionReason::IntervalTooWide;
    }
  }
  return excluded;
}

MergedRelations merge_relations(formats::Similarity ranking, const std::optional<formats::Similarity>& as_estimated,
                                const ClusterOptions& options) {
  std::optional<formats::Clusters> estimated;
  if (as_estimated && !options.count) estimated = cluster_relations(*as_estimated, options);
  MergedRelations merged;
  merged.clusters = cluster_relations(ranking, options);
  merged.excluded =
      excluded_relations(merged.clusters, ranking.thin, options.merge_thin, estimated ? &*estimated : nullptr);
  if (estimated) merged.clusters_as_estimated = estimated->representatives.size();
  merged.ranking = std::move(ranking);
  return merged;
}

}  // namespace terse::relsim
