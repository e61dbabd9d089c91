#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "terse/learn/compressed_training.hpp"
#include "terse/learn/early_stopping.hpp"
#include "terse/learn/schedule.hpp"
#include "terse/relsim/counts/count_baseline.hpp"
#include "terse/relsim/facts/count_mixture.hpp"
#include "terse/relsim/facts/fact_graph.hpp"
#include "terse/relsim/facts/fact_model.hpp"
#include "terse/relsim/facts/fact_step.hpp"

namespace terse::relsim {

/// How entity and relation vectors begin.
enum class Start { TransE, Random };

/// Learning rate where none is given: 0.005 for Adam, 0.02 for AdaGrad, 0.001 for SGD.
double default_learning_rate(learn::OptimizerKind rule);

/// The paper's settings by default; loss is summed over the batch.
struct FactTrainingOptions {
  std::int64_t dim = 100, hidden = 1024;
  std::int64_t epochs = 100;  ///< at most
  std::int64_t patience = 5;  ///< stop after so many epochs without improvement on the held-out facts
  std::int64_t batch = 256;   ///< observations a step; every fact is observed in both directions
  learn::OptimizerKind rule = learn::OptimizerKind::Adam;  ///< one of kRowOptimizers
  double lr = 5e-3, weight_decay = 5e-4;
  double momentum = 0.9;                                         ///< of Sgd
  learn::ScheduleKind schedule = learn::ScheduleKind::Constant;  ///< Constant or Linear, over `epochs`
  Start start = Start::TransE;
  std::int64_t start_epochs = 50;             ///< of TransE
  Rounding rounding = Rounding::None;         ///< of a step's large products (fact_step.hpp)
  learn::CompressionChoice compression = {};  ///< of what a step keeps for its backward pass; its seed is this one's
  std::uint64_t seed = 0;
};

/// What is known after an epoch. Nats per fact: the forward direction, and the mean over both.
struct EpochReport {
  std::int64_t epoch = 0, steps = 0;
  double train_nats = 0;                     ///< mean over both directions, while training
  double held_out_nats = 0;                  ///< -log P(h|r) P(t|h,r); not set without held-out facts
  double held_out_inverse_nats = 0;          ///< -log P(t|r^-1) P(h|t,r^-1)
  bool best = false;                         ///< fewest held-out nats so far, mean of both directions
  double step_seconds = 0;                   ///< mean
  learn::EpochCompression activations = {};  ///< hidden layers kept for backward
};

struct TrainedFacts {
  FactModel model;  ///< of the best epoch
  EpochReport best;
  CountBaseline baseline;              ///< set where there are held-out facts
  std::optional<FittedMixture> mixed;  ///< of the model and counts; set where there are held-out facts
};

/// Where a run stands after an epoch: with the options, all that going on needs. Tensors are shared with the trainer.
struct FactState {
  FactModel model, best_model;                   ///< best_model: not set without held-out facts
  std::vector<const SteppedParameter*> moments;  ///< of `model`, in the order of its named()
  std::vector<EpochReport> epochs;               ///< so far; the best is the last one that says so
  learn::CompressionState compression = {};
};

/// Trains the fact model of fact_model.hpp on distinct facts, epoch by epoch. Depends on facts, options and seed only,
/// never on the number of threads, nor on whether it was stopped and resumed.
class FactTrainer {
 public:
  /// @param train     outlive this
  /// @param held_out  facts for early stopping; where empty, all epochs run and the last counts; outlive this
  /// @throws Error::Usage for options that make no sense
  FactTrainer(std::span<const Triple> train, std::span<const Triple> held_out, std::int32_t entities,
              std::int32_t relations, const FactTrainingOptions& options);

  /// With a budget: plans so that the process keeps to it. Once, before restore() and the first epoch; makes the start.
  /// @param before   what else the process takes memory for; run before the rehearsal of a step
  /// @param resumed  CompressionState::adaptation.at("budget") of a run that goes on, or nil
  /// @throws Error::OutOfMemory naming the smallest budget that could be met
  void plan_budget(const std::function<void()>& before, const formats::Value& resumed = {});

  /// Whether all epochs are done or patience is at its end.
  bool done() const;
  /// The first one begins with the start that the options ask for.
  /// @throws Error::Negative where training diverged
  EpochReport run_epoch();
  const std::vector<EpochReport>& epochs() const { return epochs_; }
  /// The best epoch's model, once at least one was run.
  TrainedFacts result();

  FactState state() const;
  /// Goes on where state() was: its tensors, of a model of this shape, are copied; its own moments are not looked at.
  /// @param moments  first and second of each of state.model.named(), where the optimizer has them
  void restore(const FactState& state, std::span<const std::pair<at::Tensor, at::Tensor>> moments);

 private:
  void make_start();
  void keep_as_best();
  /// Takes in an epoch that ended. @return whether it is the best so far
  bool see(const EpochReport& report);
  /// Held-out facts by counts, and by a model and counts together.
  void judge(const FactModel& model, TrainedFacts& result) const;
  /// Of as many distinct queries as a batch can have.
  std::vector<Observation> largest_batch() const;
  double train_epoch(EpochReport& report);
  /// Observations whose likelihoods are computed at once.
  std::int64_t scoring_batch() const;

  std::span<const Triple> train_, held_out_;
  std::int32_t entities_, relations_;
  FactTrainingOptions options_;
  std::vector<Observation> observations_, validation_;
  FactModel model_, best_model_;
  std::unique_ptr<FactStep> step_;
  std::unique_ptr<FactGraph> graph_;  // where steps are compressed
  learn::Schedule schedule_;
  std::vector<EpochReport> epochs_;
  learn::EarlyStopping stopping_;
  bool started_ = false;
};

}  // namespace terse::relsim
