#pragma once

#include "relsim-dedup/dedup.hpp"
#include "terse/formats/kinds/clusters.hpp"
#include "terse/formats/kinds/similarity.hpp"
#include "terse/relsim/linkage/linkage.hpp"

namespace terse::tools {

/// Groups the phrases of options.facts by kind: what most of options.groupings have together, at options.threshold or
/// by majority; a single grouping where groups are no more alike than two phrases at random. Each merge's reason are
/// the parts of the likeness of what it joins, largest first, in percent of it; its confidence is a chance learnt
/// without labels (phrase_chances.hpp), or where that cannot be the share of groupings, or the likeness, which a note
/// says.
/// @param similarity  names and thin relations of the same facts; where it is empty it gets names and counts, and its
///                    seed and digest become the facts'. With options.gold its divergences become 1 - that share, O(R²)
/// @throws Error::BadInput where the facts are not the similarity's
formats::Clusters group_phrases(formats::Loaded<formats::Similarity>& similarity, relsim::ClusterOptions how,
                                const DedupOptions& options);

}  // namespace terse::tools
