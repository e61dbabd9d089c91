#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "terse/act/budget/budget_keeper.hpp"
#include "terse/act/packing/compression.hpp"
#include "terse/act/probing/adaptation.hpp"
#include "terse/formats/kinds/checkpoint.hpp"
#include "terse/learn/compression_choice.hpp"
#include "terse/learn/training_loop.hpp"

namespace terse::learn {

/// What one step's forward and backward pass took.
struct StepCompression {
  std::uint64_t exact_bytes = 0;                           ///< saved for backward without compression
  std::uint64_t stored_bytes = 0;                          ///< saved for backward as it was
  std::map<std::string, std::uint64_t> without_rule = {};  ///< of these, kept as they are (act::Totals)
  std::optional<act::AdaptationFigures> adaptation = {};   ///< at an adaptive level
  std::optional<act::BudgetFigures> budget = {};           ///< where there is one
  std::optional<act::SwapFigures> swap = {};  ///< with a second tier: what this step gave it and waited for
};

/// The same over the steps of an epoch, for its metrics and its checkpoint.
struct EpochCompression {
  std::uint64_t exact_bytes = 0, stored_bytes = 0;  ///< most of any step
  std::uint64_t peak_allocated_bytes = 0;           ///< of CPU tensors in its steps; 0 without act::install_allocator()
  std::uint64_t planned_peak_bytes = 0;             ///< with a budget: resident, with the bits of the next step
  double average_bits = 0, steps_spent_on_probes = 0;  ///< at an adaptive level, after the epoch

  /// Every field under its name, as checkpoints have them; and back. @throws Error::BadInput where one is missing
  void add_to(formats::Value::Map& checkpoint) const;
  static EpochCompression from(const formats::Value& checkpoint);
  /// What does not depend on the machine, as metrics and models have it.
  void add_metrics(formats::Value::Map& metrics) const;
  /// What does: for metrics, but for no artifact.
  void add_memory(formats::Value::Map& metrics) const;
};

/// What a continuation needs of a CompressedTraining: empty but at an adaptive level.
struct CompressionState {
  formats::Value adaptation = formats::Value::Map{};  ///< of act::Adaptation, and under "budget" of act::BudgetKeeper
  std::vector<formats::PolicyTensor> precision = {};

  void add_to(formats::CheckpointInfo& checkpoint) const;
  static CompressionState from(const formats::CheckpointInfo& checkpoint);
};

/// What is common to all training whose backward passes are compressed: what compresses the steps (act::Compression),
/// what chooses their bits (act::Adaptation) and what keeps the run within a budget (act::BudgetKeeper), put together
/// once. A loop gives it each step's forward pass, and does the rest itself: batches, schedule, optimizer.
///
///     learn::CompressedTraining training({.level = act::Level::L2, .budget = 1 << 30}, loop);
///     training.plan_budget();                             // where there is one
///     for (std::uint64_t number = 1; number <= steps; ++number) {
///       const auto figures = training.step(number, pass_over(next_batch()));
///       optimizer.step(schedule.rate(number - 1));
///       optimizer.clear_gradients();
///     }
class CompressedTraining {
 public:
  /// @param loop  outlives this
  /// @throws Error::Usage for a choice that makes no sense
  CompressedTraining(CompressionChoice choice, TrainingLoop& loop);
  ~CompressedTraining();
  CompressedTraining(const CompressedTraining&) = delete;
  CompressedTraining& operator=(const CompressedTraining&) = delete;

  const CompressionChoice& choice() const { return choice_; }

  /// With a budget: plans the bits, and what is needed beside them, so that the process's resident size stays within
  /// it. Once, before the first step.
  /// @param resumed  CompressionState::adaptation.at("budget") of the run that goes on, or nil
  /// @throws Error::OutOfMemory naming the smallest budget that could be met
  void plan_budget(const formats::Value& resumed = {});

  /// Forward and backward pass of step `number`, from 1. Leaves the gradients where the backward pass puts them.
  /// @param after_forward  called between both where not empty: to look at the loss
  StepCompression step(std::uint64_t number, const act::Pass& pass,
                       const std::function<void(const act::Pass::Result&)>& after_forward = {});

  /// Around an epoch's steps: with a budget, freed memory is kept for reuse between them and given back afterwards.
  void begin_epoch();
  EpochCompression end_epoch();

  /// While it lives, the run does something beside training steps: with a budget, nothing is kept for reuse, so that
  /// what it takes of its own fits in its place.
  class [[nodiscard]] Pause {
   public:
    explicit Pause(const CompressedTraining& training) : training_(training) { training_.release_memory(); }
    ~Pause() { training_.bound_memory(); }
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;

   private:
    const CompressedTraining& training_;
  };
  Pause pause() const { return Pause(*this); }
  // Both halves of it: nothing without a budget.
  void bound_memory() const;
  void release_memory() const;

  CompressionState state() const;
  /// Goes on from there. @throws Error::BadInput
  void restore(const CompressionState& state);

  act::Compression& compression() { return *compression_; }
  act::Adaptation* adaptation() { return adaptation_.get(); }  ///< at an adaptive level; else nullptr
  const act::Adaptation* adaptation() const { return adaptation_.get(); }
  const act::BudgetKeeper* budget() const { return budget_.get(); }  ///< after plan_budget(); else nullptr

  /// The loop as what rehearses and profiles its steps sees it. Parameters, buffers and generator stay as they are.
  act::ProfiledRun& run();
  /// Tells `compression` what lives anyway.
  void own(act::Compression& compression) const;
  /// Works as a budget's tier says from the next step on. @return how many parts of the network run again
  std::size_t use(act::BudgetTier tier);
  /// Compresses otherwise from the next step on.
  void set_compression(const act::CompressionOptions& options);

 private:
  class Run;

  CompressionChoice choice_;
  TrainingLoop& loop_;
  std::unique_ptr<Run> run_;
  std::unique_ptr<act::Compression> compression_;
  std::unique_ptr<act::Adaptation> adaptation_;
  std::unique_ptr<act::BudgetKeeper> budget_;
  EpochCompression epoch_;
};

}  // namespace terse::learn
