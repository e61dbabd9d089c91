#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "common/options.hpp"
#include "relsim-train/metrics_file.hpp"
#include "terse/core/progress.hpp"
#include "terse/formats/checkpoint.hpp"

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

/// A run's epochs: metrics, progress and checkpoints.
class Course {
 public:
  Course(const CourseOptions& options, const SharedOptions& shared, std::int64_t epochs);

  /// The checkpoint that the run goes on from, with --resume.
  std::optional<formats::Loaded<formats::Checkpoint>> resumed() const;
  /// Of that checkpoint, what act::BudgetKeeper::state() wrote; nil where there is none. The rest is not kept in memory.
  formats::Value resumed_budget() const;
  /// What a run that is resumed would read, written and read by a file beside the checkpoint that is gone afterwards: so
  /// that the memory of both is seen.
  formats::Checkpoint rehearsed(const std::function<formats::Checkpoint()>& make) const;
  bool keeps() const { return !options_.checkpoint.empty(); }
  /// Replaces the checkpoint, whole or not at all.
  void keep(const formats::Checkpoint& checkpoint) const;

  /// @param text  what progress says of the epoch
  void epoch(std::int64_t number, formats::Value::Map metrics, double step_seconds, const std::string& text);
  /// The last line, marked as final.
  void finish(formats::Value::Map metrics, double step_seconds);

 private:
  const CourseOptions& options_;
  const SharedOptions& shared_;
  MetricsFile metrics_;
  core::Progress progress_;
};

}  // namespace terse::tools
