#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "terse/act/compression.hpp"
#include "terse/relsim/extraction/classification_scores.hpp"
#include "terse/relsim/extraction/extractor.hpp"

namespace terse::relsim {

struct ExtractorTrainingOptions {
  std::int64_t epochs = 30;   ///< at most
  std::int64_t patience = 5;  ///< stop after so many epochs without a better micro F1 of held-out sentences
  std::int64_t batch = 50;
  double lr = 1e-3, weight_decay = 0;  ///< AdamW's
  double alpha = 0;           ///< of the softmax-margin loss (margin_cost.hpp); 0: plain softmax
  double tau = 8, tau_start = 256, tau_decay = 0.8;
  act::Level level = act::Level::L0;
  std::uint64_t seed = 0;
};

struct ExtractorEpoch {
  std::int64_t epoch = 0, steps = 0;
  double loss = 0;  ///< mean over sentences
  double micro_f1 = 0, macro_f1 = 0, accuracy = 0;  ///< of held-out sentences, where there are any
  double tau = 0;   ///< 0 without margin
  bool best = false;
  std::uint64_t exact_bytes = 0, stored_bytes = 0;  ///< saved for backward, most of any step
  double step_seconds = 0;
};

/// Trains an extractor; the best epoch's parameters stay in it. LibTorch works on one thread, so that the result depends
/// on sentences, options and seed only.
/// @param divergences  [R, R] for the margin, else empty; infinity where not known
/// @param excluded     "no_relation": not counted in F1
/// @throws Error::Usage for options that make no sense
ExtractorEpoch train_extractor(Extractor& extractor, const FeatureVocabulary& vocabulary, std::span<const Sentence> train,
                               std::span<const Sentence> held_out, std::span<const double> divergences,
                               std::optional<std::int32_t> excluded, const ExtractorTrainingOptions& options,
                               const std::function<void(const ExtractorEpoch&)>& on_epoch);

/// Logits of each sentence, [n, relations], dropout off. Any number of threads gives the same.
std::vector<float> extract_logits(Extractor& extractor, const FeatureVocabulary& vocabulary, std::span<const Sentence> sentences);

/// The relation with the highest logit of each row.
std::vector<std::int32_t> answers_of(std::span<const float> logits, std::size_t relations);

}  // namespace terse::relsim
