#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "terse/relsim/embedding/embedding_model.hpp"
#include "terse/relsim/embedding/row_optimizer.hpp"
#include "terse/relsim/kb/pair_index.hpp"

namespace terse::relsim {

/// Of a fact with score s and its negatives with scores s_j.
enum class RankingLoss {
  Margin,    ///< mean of max(0, margin - s + s_j)
  Logistic,  ///< softplus(-margin - s) + mean of softplus(margin + s_j): RotatE's, with distances as scores
  Softmax,   ///< -s + log(exp s + Σ exp s_j)
};

struct EmbeddingStepOptions {
  RankingLoss loss = RankingLoss::Margin;
  double margin = 1;
  learn::OptimizerKind rule = learn::OptimizerKind::AdaGrad;
  double lr = 0.1;
  double l2 = 0;  ///< penalty l2/2 · |row|², once for each occurrence of a row in the batch's facts
};

/// Facts and what they are set against: negatives of fact i are negatives[begin[i]] … negatives[begin[i + 1] - 1], or,
/// with `known`, the fact with every other relation in place of its own that does not hold as well.
struct EmbeddingBatch {
  std::span<const Triple> facts;
  std::span<const std::size_t> begin;
  std::span<const Triple> negatives;
  const PairIndex* known = nullptr;
};

/// Steps an embedding with closed gradients, touching only the rows that a batch names. A fact's own rows get their
/// gradients side by side; then each touched row gathers what it was given, in the order of the batch: the same bits
/// for any number of threads.
class EmbeddingStep {
 public:
  /// `model` is changed in place and outlives this.
  EmbeddingStep(EmbeddingModel& model, const EmbeddingStepOptions& options);

  /// @return the loss before the step, summed over the facts
  double step(const EmbeddingBatch& batch);

  /// What the last step knew of its forward pass when it differentiated: a number a score, and linear models' queries.
  /// All else are rows of the tables, which live anyway.
  std::uint64_t kept_bytes() const { return (scores_.size() + query_.size()) * sizeof(float); }

  std::int64_t steps() const { return steps_; }
  void set_steps(std::int64_t steps) { steps_ = steps; }
  RowOptimizer& entity_optimizer() { return entity_optimizer_; }
  RowOptimizer& relation_optimizer() { return relation_optimizer_; }
  const RowOptimizer& entity_optimizer() const { return entity_optimizer_; }
  const RowOptimizer& relation_optimizer() const { return relation_optimizer_; }

 private:
  /// A scored fact with what its score is worth: ∂loss/∂score.
  struct Example {
    std::int32_t relation = 0;
    std::uint32_t fact = 0;      // of the batch
    std::int32_t negative = -1;  // of the batch, where an entity was replaced
    float factor = 0;
  };
  void lay_out(const EmbeddingBatch& batch);
  double differentiate(const EmbeddingBatch& batch, std::size_t i);
  void add_entity_gradients(const EmbeddingBatch& batch, std::size_t i);
  void update_relations(const EmbeddingBatch& batch);
  void update_entities(const EmbeddingBatch& batch);

  EmbeddingModel& model_;
  EmbeddingStepOptions options_;
  RowOptimizer entity_optimizer_, relation_optimizer_;
  std::int64_t steps_ = 0;

  std::vector<Example> examples_;   // of each fact, its own first
  std::vector<std::size_t> first_;  // example of each fact; one more than facts
  std::vector<float> scores_;       // of the examples
  std::vector<float> head_, tail_;  // [facts, width] gradients
  std::vector<float> query_;        // [facts, relation width], for linear models
  std::vector<float> replaced_;     // [negatives, width] gradients of replaced entities
};

}  // namespace terse::relsim
