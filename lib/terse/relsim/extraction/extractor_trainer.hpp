#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "terse/learn/compressed_training.hpp"
#include "terse/learn/early_stopping.hpp"
#include "terse/learn/optimizer.hpp"
#include "terse/relsim/extraction/classification_scores.hpp"
#include "terse/relsim/extraction/extractor.hpp"

namespace terse::relsim {

struct ExtractorTrainingOptions {
  std::int64_t epochs = 30;   ///< at most
  std::int64_t patience = 5;  ///< stop after so many epochs without a better micro F1 of held-out sentences
  std::int64_t batch = 50;
  double lr = 1e-3, weight_decay = 0;  ///< AdamW's
  double alpha = 0;                    ///< of the softmax-margin loss (margin_cost.hpp); 0: plain softmax
  double tau = 8, tau_start = 256, tau_decay = 0.8;
  learn::CompressionChoice compression = {};  ///< its seed is this one's
  std::uint64_t seed = 0;
};

struct ExtractorEpoch {
  std::int64_t epoch = 0, steps = 0;
  double loss = 0;                                  ///< mean over sentences
  double micro_f1 = 0, macro_f1 = 0, accuracy = 0;  ///< of held-out sentences, where there are any
  double tau = 0;                                   ///< 0 without margin
  bool best = false;
  learn::EpochCompression activations = {};  ///< saved for backward
  double step_seconds = 0;
};

/// Where a run stands. Tensors are the run's own, not copies.
struct ExtractorState {
  act::NamedTensors parameters;       ///< now
  act::NamedTensors best_parameters;  ///< after the best epoch
  act::NamedTensors moments;          ///< learn::Optimizer::state() but for the count of steps
  ExtractorEpoch last, best;
  std::int64_t since_best = 0;  ///< epochs
  learn::CompressionState compression = {};
};

/// Trains an extractor, epoch by epoch. LibTorch works on one thread, so that the result depends on sentences, options
/// and seed only.
class ExtractorTrainer : private learn::TrainingLoop {
 public:
  /// @param extractor … divergences  retained
  /// @param divergences  [R, R] for the margin, else empty; infinity where not known
  /// @param excluded     "no_relation": not counted in F1
  /// @throws Error::Usage for options that make no sense
  ExtractorTrainer(Extractor& extractor, const FeatureVocabulary& vocabulary, std::span<const Sentence> train,
                   std::span<const Sentence> held_out, std::span<const double> divergences,
                   std::optional<std::int32_t> excluded, const ExtractorTrainingOptions& options);

  /// With a budget: plans so that the process keeps to it. Once, before restore() and the first epoch.
  /// @param before   what else the process takes memory for; run before the rehearsal of a step
  /// @param resumed  CompressionState::adaptation.at("budget") of a run that goes on, or nil
  /// @throws Error::OutOfMemory naming the smallest budget that could be met
  void plan_budget(std::function<void()> before, const formats::Value& resumed = {});

  bool done() const;
  /// @throws Error::Negative where training diverged
  ExtractorEpoch run_epoch();
  /// Leaves the best epoch's parameters in the extractor. @return that epoch
  ExtractorEpoch finish();

  ExtractorState state() const;
  /// Goes on from there, bit for bit; before the first epoch.
  void restore(const ExtractorState& state);

 private:
  using PairRelations = std::map<std::pair<std::string, std::string>, std::set<std::int32_t>>;

  act::NamedTensors parameters() const override { return parameters_; }
  act::Pass largest() override;
  void clear_gradients() override { optimizer_.clear_gradients(); }
  void evaluate() override;
  void update() override;

  /// @param number  of the step, which dropout follows from
  act::Pass pass_over(std::span<const std::uint32_t> chosen, std::uint32_t number);
  at::Tensor batch_costs(std::span<const std::uint32_t> chosen) const;
  void train_epoch(ExtractorEpoch& report);
  /// @return the loss before it, summed over the batch
  double step(std::span<const std::uint32_t> chosen, std::int64_t epoch);

  Extractor& extractor_;
  const FeatureVocabulary& vocabulary_;
  std::span<const Sentence> train_, held_out_;
  std::span<const double> divergences_;
  std::optional<std::int32_t> excluded_;
  std::size_t relations_;
  ExtractorTrainingOptions options_;
  act::NamedTensors parameters_;
  learn::Optimizer optimizer_;
  learn::CompressedTraining compressed_;
  PairRelations pairs_;       // which relations each pair of entities has: none of them costs anything for that pair
  std::vector<float> costs_;  // [R, R] in this epoch
  std::vector<at::Tensor> kept_;  // the best epoch's parameters; before the first, those that it begins with
  std::int64_t steps_ = 0;
  ExtractorEpoch last_, best_;
  learn::EarlyStopping stopping_;
  std::function<void()> before_;  // while a budget is planned: what else the process takes memory for
};

}  // namespace terse::relsim
