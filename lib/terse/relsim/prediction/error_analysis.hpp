#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "terse/formats/kinds/similarity.hpp"
#include "terse/relsim/ranking/relation_ranks.hpp"

namespace terse::relsim {

/// For each relation, how near every other one is: rank 1 is the most similar. Of those at one distance the lower id
/// comes first.
class SimilarityRanks {
 public:
  explicit SimilarityRanks(const formats::Similarity& similarity);
  /// Rank of `other` among the relations as `relation` sees them, 1 to R - 1; 0 for itself.
  std::int32_t rank(std::size_t relation, std::size_t other) const { return ranks_[relation * relations_ + other]; }
  std::size_t relations() const { return relations_; }

 private:
  std::size_t relations_;
  std::vector<std::int32_t> ranks_;  // [R, R]
};

/// A wrong answer: `given` in place of `right`.
struct Mistake {
  std::int32_t right = 0, given = 0;
};

/// How similar wrong answers are to right ones.
struct MistakeSummary {
  std::int64_t mistakes = 0;
  double top1 = 0, top5 = 0, top10 = 0;                       ///< share whose rank is at most that
  double chance_top1 = 0, chance_top5 = 0, chance_top10 = 0;  ///< of a wrong answer drawn at random
  double mean_rank = 0, chance_mean_rank = 0;
  std::vector<std::int64_t> histogram;  ///< [R - 1] mistakes of rank 1, 2 …
};

MistakeSummary summarize_mistakes(const SimilarityRanks& ranks, std::span<const Mistake> mistakes);

/// How similar a model's wrong relations are to the true ones.
struct ErrorSummary {
  MistakeSummary answers;    ///< wrong first places
  MistakeSummary above;      ///< all false relations ranked above the true one
  std::size_t left_out = 0;  ///< wrong relations of which the similarity does not know either side
};

/// Sums up the errors of models of one knowledge base by a similarity of its relations.
class ErrorAnalysis {
 public:
  /// @param relations  the models' names of relations, [R]
  ErrorAnalysis(const formats::Similarity& similarity, const std::vector<std::string>& relations);
  /// Whether the similarity knows any of the relations.
  bool knows_any() const;
  /// @param ranks  of `facts`, with RelationRank::above
  ErrorSummary summarize(std::span<const RelationRank> ranks, std::span<const Triple> facts) const;

 private:
  SimilarityRanks ranks_;
  std::vector<std::optional<std::int32_t>> known_;  // [R] as the similarity numbers them
};

}  // namespace terse::relsim
