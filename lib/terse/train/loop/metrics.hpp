#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "terse/core/bytes.hpp"
#include "terse/formats/artifact/value.hpp"
#include "terse/train/loop/trainer.hpp"

namespace terse::train {

/// Keeps what the final line tells of a run.
class RunSummary {
 public:
  void add(const StepFigures& figures);
  const std::optional<StepFigures>& last() const { return last_; }
  std::uint64_t peak_allocated_bytes() const { return peak_allocated_; }
  double median_step_seconds() const;

 private:
  std::optional<StepFigures> last_;
  std::uint64_t peak_allocated_ = 0;
  std::vector<double> seconds_;
};

/// Metrics as JSON lines: one a step, and a last one with "final": true and the evaluation. A number that is not
/// finite is null.
class MetricsWriter {
 public:
  explicit MetricsWriter(core::ByteSink& sink) : sink_(sink) {}
  void step(const StepFigures& figures);
  /// @param evaluation  nullopt: not evaluated, the keys are left out
  void final(const RunSummary& summary, const std::optional<Evaluation>& evaluation);

 private:
  core::ByteSink& sink_;
};

/// What a run reached that does not depend on the machine's speed: for the model artifact.
formats::Value reached(const RunSummary& summary, const std::optional<Evaluation>& evaluation);

}  // namespace terse::train
