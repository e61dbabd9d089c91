#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "terse/relsim/kb/pair_index.hpp"
#include "terse/relsim/ranking/relation_scorer.hpp"

namespace terse::relsim {

/// Where the true relation of a fact came among all relations, 1 first. Of relations with equal scores half count as
/// better: a scorer that says nothing gets the rank of a guess.
struct RelationRank {
  double raw = 0;
  double filtered = 0;              ///< without the other relations that hold
  std::int32_t answer = -1;         ///< the best that is not known to hold elsewhere; ties go to the lower id
  std::vector<std::int32_t> above;  ///< false relations with a higher score, best first, where asked for
};

/// Ranks the true relation of each of `facts`.
/// @param known       every fact that holds, those of `facts` included
/// @param with_above  fill RelationRank::above
/// The same for any number of threads.
std::vector<RelationRank> rank_relations(const RelationScorer& scorer, std::span<const Triple> facts,
                                         const PairIndex& known, bool with_above = false);

/// Means over facts (micro) or over relations' means (macro).
struct RankMeans {
  double mrr = 0, hits1 = 0, hits3 = 0, hits10 = 0, mean_rank = 0;
};

struct RankSummary {
  std::int64_t facts = 0;
  RankMeans raw, filtered;
};

/// Over all facts.
RankSummary summarize_ranks(std::span<const RelationRank> ranks);
/// Of each relation, [R]; relations without facts have zeros.
std::vector<RankSummary> summarize_by_relation(std::span<const RelationRank> ranks, std::span<const Triple> facts,
                                               std::int32_t relations);
/// Mean over the relations that have facts.
RankSummary macro_mean(std::span<const RankSummary> by_relation);

}  // namespace terse::relsim
