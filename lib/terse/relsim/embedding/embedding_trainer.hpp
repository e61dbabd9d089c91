#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "terse/learn/early_stopping.hpp"
#include "terse/relsim/embedding/embedding_step.hpp"
#include "terse/relsim/embedding/negative_sampler.hpp"

namespace terse::relsim {

struct EmbeddingTrainingOptions {
  ScoreModel model = ScoreModel::TransE;
  int norm = 1;  ///< of TransE's distance
  std::int64_t dim = 100;
  std::int64_t epochs = 100;  ///< at most
  std::int64_t patience = 5;  ///< stop after so many epochs without better ranks of held-out relations
  std::int64_t batch = 1024;  ///< facts a step
  EmbeddingStepOptions step;
  NegativeOptions negatives;
  bool all_relations = false;  ///< set each fact against every other relation in place of drawn negatives
  double tau = 4;              ///< similarity-aware negatives: the lowest temperature
  double tau_start = 4;        ///< that of the first epoch
  double tau_decay = 0.8;      ///< from epoch to epoch, down to `tau`
  std::uint64_t seed = 0;
};

struct EmbeddingEpoch {
  std::int64_t epoch = 0, steps = 0;
  double loss = 0;               ///< mean over facts
  double mrr = 0, hits1 = 0;     ///< of held-out facts' relations, filtered; not set without held-out facts
  double tau = 0;                ///< 0 where negatives have none
  bool best = false;             ///< highest MRR so far
  double step_seconds = 0;       ///< mean
  std::uint64_t kept_bytes = 0;  ///< EmbeddingStep::kept_bytes(), most of any step
};

/// All that a continuation needs beside the options: bit for bit the same run.
struct EmbeddingState {
  EmbeddingModel model, best_model;  ///< the best one is empty without held-out facts
  RowOptimizer entity_optimizer, relation_optimizer;
  EmbeddingEpoch last, best;
  std::int64_t since_best = 0;
};

/// Trains an embedding by epochs over shuffled facts. Depends on facts, options and seed only, never on the number of
/// threads.
class EmbeddingTrainer {
 public:
  /// @param train        distinct facts; outlive this
  /// @param held_out     facts for early stopping; may be empty; outlive this
  /// @param divergences  [R, R] for similarity-aware negatives, else empty
  /// @throws Error::Usage for options that make no sense
  EmbeddingTrainer(std::span<const Triple> train, std::span<const Triple> held_out, std::int32_t entities,
                   std::int32_t relations, const EmbeddingTrainingOptions& options,
                   std::vector<double> divergences = {});

  /// Whether all epochs are done or patience is at its end.
  bool done() const;
  /// @throws Error::Negative where training diverged
  EmbeddingEpoch run_epoch();

  /// Of the best epoch, or the last where nothing is held out.
  const EmbeddingModel& result() const { return held_out_.empty() ? model_ : best_model_; }
  const EmbeddingEpoch& best() const { return held_out_.empty() ? last_ : best_; }

  EmbeddingState state() const;
  void restore(EmbeddingState state);

 private:
  double temperature(std::int64_t epoch) const;
  double train_epoch(EmbeddingEpoch& report);

  std::span<const Triple> train_, held_out_;
  EmbeddingTrainingOptions options_;
  EmbeddingModel model_, best_model_;
  EmbeddingStep step_;
  NegativeSampler sampler_;
  PairIndex known_;  // training and held-out facts
  EmbeddingEpoch last_, best_;
  learn::EarlyStopping stopping_;
};

}  // namespace terse::relsim
