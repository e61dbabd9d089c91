#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "terse/core/lock.hpp"
#include "terse/core/progress.hpp"
#include "terse/formats/kinds/checkpoint.hpp"
#include "terse/learn/metrics_file.hpp"

namespace terse::learn {

/// How a run of epochs tells of itself, and what it keeps.
struct SessionOptions {
  std::string metrics;     ///< JSON lines; empty: none
  std::string checkpoint;  ///< a file; empty: none
  bool resume = false;     ///< go on from the checkpoint
};

/// A run's epochs: metrics, progress and checkpoints. A checkpoint also holds the metrics so far, so that those of a
/// run that was killed and resumed are whole. While a session lives no other run can have its checkpoint.
class TrainingSession {
 public:
  /// @param header    of the checkpoints: producer, arguments, seed
  /// @param epochs    at most
  /// @param progress  whether to show it
  /// @param warn      called with what the user should know of a checkpoint; may be empty
  /// @throws Error::Busy where another run has the checkpoint
  TrainingSession(SessionOptions options, formats::Header header, std::int64_t epochs, bool progress,
                  std::function<void(const std::string&)> warn = {});

  /// The checkpoint that the run goes on from, where it resumes. Metrics of the epochs before it are written again.
  std::optional<formats::Loaded<formats::Checkpoint>> resumed();
  /// What act::BudgetKeeper::state() wrote into that checkpoint; nil where there is none. The rest is not kept in
  /// memory.
  formats::Value resumed_budget() const;
  /// What a resumed run would read, written to a file without a name beside the checkpoint and read from it: so that
  /// the memory of both is seen.
  formats::Checkpoint rehearsed(const std::function<formats::Checkpoint()>& make) const;
  bool keeps() const { return !options_.checkpoint.empty(); }
  const std::string& checkpoint() const { return options_.checkpoint; }

  /// Calls `one` until it says that all is done. Where one throws an Error, as where training diverged, the metrics of
  /// the epochs before it are left: they tell how it came to this.
  void run(const std::function<bool()>& one);
  /// Reports an epoch; then replaces the checkpoint, where there is one, whole or not at all.
  /// @param text   what progress says of the epoch
  /// @param state  makes the checkpoint
  void epoch(std::int64_t number, formats::Value::Map metrics, double step_seconds, const std::string& text,
             const std::function<formats::Checkpoint()>& state);
  /// The last line, marked as final.
  void finish(formats::Value::Map metrics, double step_seconds);

 private:
  formats::Loaded<formats::Checkpoint> read() const;

  SessionOptions options_;
  formats::Header header_;
  std::function<void(const std::string&)> warn_;
  std::optional<core::Lock> lock_;  // of the checkpoint
  MetricsFile metrics_;
  core::Progress progress_;
};

}  // namespace terse::learn
