#include "terse/relsim/merging/divergence_merging.hpp"

#include <utility>

#include "terse/relsim/ranking/upper_bound.hpp"

namespace terse::relsim {

MergedRelations merge_by_divergence(formats::Similarity similarity, const DivergenceMerging& options) {
  if (!options.inverses) similarity.swapped.clear();
  std::optional<formats::Similarity> as_estimated;
  if (options.upper_bounds) {
    if (auto upper = upper_bound(similarity)) as_estimated = std::exchange(similarity, std::move(*upper));
  }
  return merge_relations(std::move(similarity), as_estimated, options.clustering);
}

}  // namespace terse::relsim
