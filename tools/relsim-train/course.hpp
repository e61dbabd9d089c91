#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "common/options.hpp"
#include "relsim-train/metrics_file.hpp"
#include "terse/core/progress.hpp"
#include "terse/formats/kinds/checkpoint.hpp"

namespace CLI {
class App;
}

namespace terse::tools {

/// How a training run tells of itself, and what it keeps.
struct CourseOptions {
  std::string metrics;     ///< JSON lines; empty: none
  std::string checkpoint;  ///< a file; empty: none
  bool resume = false;
};

void define_metrics(CLI::App& command, CourseOptions& options);
/// --checkpoint and --resume.
void define_checkpoint(CLI::App& command, CourseOptions& options);

/// Header of an artifact that this command writes.
formats::Header header_of(const SharedOptions& shared);

/// A run's epochs: metrics, progress and checkpoints. A checkpoint also holds the metrics so far, so that those of a
/// run that was killed and resumed are whole.
class Course {
 public:
  Course(const CourseOptions& options, const SharedOptions& shared, std::int64_t epochs);

  /// The checkpoint that the run goes on from, with --resume.
  /// Metrics of the epochs before it are written again.
  std::optional<formats::Loaded<formats::Checkpoint>> resumed();
  /// Of that checkpoint, what act::BudgetKeeper::state() wrote; nil where there is none. The rest is not kept in
  /// memory.
  formats::Value resumed_budget() const;
  /// What a run that is resumed would read, written and read by a file beside the checkpoint that is gone afterwards:
  /// so that the memory of both is seen.
  formats::Checkpoint rehearsed(const std::function<formats::Checkpoint()>& make) const;
  bool keeps() const { return !options_.checkpoint.empty(); }

  /// Calls `one` until it says that all is done. Where one throws an Error, as where training diverged, the metrics of
  /// the epochs before it are left: they tell how it came to this.
  void run(const std::function<bool()>& one);
  /// What an epoch came to; then replaces the checkpoint, where there is one, whole or not at all.
  /// @param text   what progress says of the epoch
  /// @param state  makes the checkpoint
  void epoch(std::int64_t number, formats::Value::Map metrics, double step_seconds, const std::string& text,
             const std::function<formats::Checkpoint()>& state);
  /// The last line, marked as final.
  void finish(formats::Value::Map metrics, double step_seconds);

 private:
  formats::Loaded<formats::Checkpoint> read() const;

  const CourseOptions& options_;
  const SharedOptions& shared_;
  MetricsFile metrics_;
  core::Progress progress_;
};

}  // namespace terse::tools
