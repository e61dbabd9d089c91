#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "terse/act/packing/compression.hpp"
#include "terse/formats/artifact/value.hpp"
#include "terse/formats/kinds/policy.hpp"
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
  act::Level level = act::Level::L0;
  int bits = 0;                     ///< not 0: of a compressed value, in place of the level's; 32 for none
  std::uint64_t budget = 0;         ///< not 0: bytes of resident size, in place of an adaptive level's average bits
  std::uint64_t adapt_every = 100;  ///< at an adaptive level: steps between choices of bits
  std::uint64_t seed = 0;
};

struct ExtractorEpoch {
  std::int64_t epoch = 0, steps = 0;
  double loss = 0;                                  ///< mean over sentences
  double micro_f1 = 0, macro_f1 = 0, accuracy = 0;  ///< of held-out sentences, where there are any
  double tau = 0;                                   ///< 0 without margin
  bool best = false;
  std::uint64_t exact_bytes = 0, stored_bytes = 0;  ///< saved for backward, most of any step
  std::uint64_t peak_allocated_bytes = 0;           ///< of CPU tensors in its steps; 0 without act::install_allocator()
  std::uint64_t planned_peak_bytes = 0;             ///< with a budget: resident, with the bits of the next step
  double average_bits = 0;                          ///< at an adaptive level, after the epoch
  double steps_spent_on_probes = 0;                 ///< there, in training steps since the run began
  double step_seconds = 0;
};

/// Where a run stands.
struct ExtractorState {
  struct Parameter {
    std::string name;
    at::Tensor value, best;    ///< now, and after the best epoch
    at::Tensor first, second;  ///< AdamW's moments
  };
  std::vector<Parameter> parameters;
  ExtractorEpoch last, best;
  std::int64_t since_best = 0;                        ///< epochs
  formats::Value adaptation = formats::Value::Map{};  ///< at an adaptive level, with `precision`: act::Adaptation's
  std::vector<formats::PolicyTensor> precision = {};
};

class ExtractorSteps;

/// Trains an extractor, epoch by epoch. LibTorch works on one thread, so that the result depends on sentences, options
/// and seed only.
class ExtractorTrainer {
 public:
  /// @param extractor … divergences  retained
  /// @param divergences  [R, R] for the margin, else empty; infinity where not known
  /// @param excluded     "no_relation": not counted in F1
  /// @throws Error::Usage for options that make no sense
  ExtractorTrainer(Extractor& extractor, const FeatureVocabulary& vocabulary, std::span<const Sentence> train,
                   std::span<const Sentence> held_out, std::span<const double> divergences,
                   std::optional<std::int32_t> excluded, const ExtractorTrainingOptions& options);
  ~ExtractorTrainer();

  /// With a budget: plans so that the process keeps to it. Once, before restore() and the first epoch.
  /// @param before   what else the process takes memory for; run before the rehearsal of a step
  /// @param resumed  ExtractorState::adaptation.at("budget") of a run that goes on, or nil
  /// @throws Error::OutOfMemory naming the smallest budget that could be met
  void plan_budget(const std::function<void()>& before, const formats::Value& resumed = {});

  bool done() const;
  /// @throws Error::Negative where training diverged
  ExtractorEpoch run_epoch();
  /// Leaves the best epoch's parameters in the extractor. @return that epoch
  ExtractorEpoch finish();

  /// Tensors are the run's own, not copies.
  ExtractorState state() const;
  /// Goes on from there, bit for bit; before the first epoch.
  void restore(const ExtractorState& state);

 private:
  Extractor& extractor_;
  const FeatureVocabulary& vocabulary_;
  std::span<const Sentence> held_out_;
  std::optional<std::int32_t> excluded_;
  ExtractorTrainingOptions options_;
  std::unique_ptr<ExtractorSteps> steps_;
  std::vector<at::Tensor> kept_;  // the best epoch's parameters; before the first, those that it begins with
  ExtractorEpoch last_, best_;
  std::int64_t since_best_ = 0;
};

/// Trains to the end. @return the best epoch, whose parameters stay in the extractor
ExtractorEpoch train_extractor(Extractor& extractor, const FeatureVocabulary& vocabulary,
                               std::span<const Sentence> train, std::span<const Sentence> held_out,
                               std::span<const double> divergences, std::optional<std::int32_t> excluded,
                               const ExtractorTrainingOptions& options);

/// Logits of each sentence, [n, relations], dropout off. Any number of threads gives the same.
std::vector<float> extract_logits(Extractor& extractor, const FeatureVocabulary& vocabulary,
                                  std::span<const Sentence> sentences);

/// The relation with the highest logit of each row.
std::vector<std::int32_t> answers_of(std::span<const float> logits, std::size_t relations);

}  // namespace terse::relsim
