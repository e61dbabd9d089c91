#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "terse/act/budget/budget_keeper.hpp"
#include "terse/act/probing/adaptation.hpp"
#include "terse/relsim/extraction/extractor_trainer.hpp"

namespace terse::relsim {

/// The steps of an extractor's training: batches, loss, compression and AdamW.
class ExtractorSteps {
 public:
  /// All are retained. @param divergences  [R, R] for the margin, else empty
  ExtractorSteps(Extractor& extractor, const FeatureVocabulary& vocabulary, std::span<const Sentence> train,
                 std::span<const double> divergences, const ExtractorTrainingOptions& options);

  /// Goes over all sentences once; fills in what is known of the training steps.
  ExtractorEpoch epoch(std::int64_t number);

  /// Chooses bits so that the process's resident size stays within the budget. Before the first step, and before
  /// restore(): what is rehearsed is a step of the run as it begins.
  /// @param evaluate  runs what else the process takes memory for
  /// @param resumed   BudgetKeeper::state() of the run that is resumed, or nil
  /// @throws Error::OutOfMemory naming the smallest budget that could be met
  void plan_budget(const std::function<void()>& evaluate, const formats::Value& resumed);
  /// Gives back what is kept for reuse between steps, until the next epoch.
  void release_memory() const;

  void add_to(ExtractorState& state) const;
  /// AdamW's moments of a parameter.
  std::pair<at::Tensor, at::Tensor> moments(const at::Tensor& parameter) const;
  /// Goes on from there.
  void restore(const ExtractorState& state);

 private:
  class Rehearsed;
  using PairRelations = std::map<std::pair<std::string, std::string>, std::set<std::int32_t>>;

  void make_moments();
  /// The forward pass over a batch, for any number of runs. @param costs  of the margin, or empty
  std::function<at::Tensor()> logits_of(const SentenceBatch& batch, std::uint32_t number);
  at::Tensor batch_costs(std::span<const std::uint32_t> chosen) const;
  double step(std::span<const std::uint32_t> chosen, std::int64_t epoch);
  /// AdamW's step on gradients of zero, which changes nothing.
  void update_nothing();

  Extractor& extractor_;
  const FeatureVocabulary& vocabulary_;
  std::span<const Sentence> train_;
  std::span<const double> divergences_;
  ExtractorTrainingOptions options_;
  std::size_t relations_;
  PairRelations pairs_;  // which relations each pair of entities has: none of them costs anything for that pair
  act::CompressionOptions compression_options_;
  act::Compression compression_;
  act::NamedTensors parameters_;
  std::unique_ptr<act::Adaptation> adaptation_;  // at an adaptive level
  std::unique_ptr<act::BudgetKeeper> budget_;
  act::AdaptationFigures adapted_;  // of the last step
  torch::optim::AdamW optimizer_;
  std::vector<float> costs_;  // [R, R] in this epoch
  std::int64_t steps_ = 0;
};

}  // namespace terse::relsim
