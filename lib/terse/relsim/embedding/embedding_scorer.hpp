#pragma once

#include "terse/relsim/embedding/embedding_model.hpp"
#include "terse/relsim/ranking/relation_scorer.hpp"

namespace terse::relsim {

/// Relations by an embedding's score of the fact.
class EmbeddingScorer : public RelationScorer {
 public:
  /// `model` outlives this.
  explicit EmbeddingScorer(const EmbeddingModel& model) : model_(model) {}
  void score(std::int32_t head, std::span<const std::int32_t> tails, std::span<double> scores) const override;
  std::int32_t relations() const override { return model_.relations; }

 private:
  const EmbeddingModel& model_;
};

}  // namespace terse::relsim
