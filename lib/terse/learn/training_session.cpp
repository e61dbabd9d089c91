#include "terse/learn/training_session.hpp"

#include <malloc.h>

#include <algorithm>
#include <utility>

#include "terse/core/error.hpp"
#include "terse/core/scratch_file.hpp"

namespace terse::learn {

namespace {

constexpr const char* kMetricsBuffer = "metrics";  // uint8 [n]: the lines so far

std::optional<core::Lock> lock_of(const std::string& checkpoint) {
  if (checkpoint.empty()) return std::nullopt;
  return core::Lock::of_file(checkpoint, "another run keeps its checkpoint here");
}

}  // namespace

TrainingSession::TrainingSession(SessionOptions options, formats::Header header, std::int64_t epochs, bool progress,
                                 std::function<void(const std::string&)> warn)
    : options_(std::move(options)),
      header_(std::move(header)),
      warn_(std::move(warn)),
      lock_(lock_of(options_.checkpoint)),
      metrics_(options_.metrics, keeps()),
      progress_("training", static_cast<std::uint64_t>(epochs), progress) {}

formats::Loaded<formats::Checkpoint> TrainingSession::read() const {
  return formats::read_checkpoint(core::open_source(options_.checkpoint));
}

std::optional<formats::Loaded<formats::Checkpoint>> TrainingSession::resumed() {
  if (!options_.resume) return std::nullopt;
  auto saved = read();
  // Taken out: what restores a state knows only its own tensors.
  auto& buffers = saved.content.buffers;
  const auto found = std::ranges::find(buffers, kMetricsBuffer, [](const auto& tensor) { return tensor.info.name; });
  if (found != buffers.end()) {
    metrics_.again({reinterpret_cast<const char*>(found->data.data()), found->data.size()});
    buffers.erase(found);
  } else if (!options_.metrics.empty() && saved.content.epoch > 0) {
    if (warn_) {
      warn_(options_.checkpoint + ": holds no metrics of its " + std::to_string(saved.content.epoch) +
            (saved.content.epoch == 1 ? " epoch" : " epochs"));
    }
  }
  return saved;
}

formats::Value TrainingSession::resumed_budget() const {
  formats::Value budget;
  if (options_.resume) {
    const auto saved = read();
    if (const auto* found = saved.content.adaptation.find("budget")) budget = *found;
  }
  malloc_trim(0);
  return budget;
}

formats::Checkpoint TrainingSession::rehearsed(const std::function<formats::Checkpoint()>& make) const {
  const core::ScratchFile trial(options_.checkpoint);
  {
    const auto sink = trial.sink();
    write_checkpoint(*sink, header_, make());
    sink->finish();
  }
  return formats::read_checkpoint(trial.source()).content;
}

void TrainingSession::run(const std::function<bool()>& one) {
  try {
    while (!one()) {
    }
  } catch (const Error&) {
    metrics_.finish();
    throw;
  }
}

void TrainingSession::epoch(std::int64_t number, formats::Value::Map metrics, double step_seconds,
                            const std::string& text, const std::function<formats::Checkpoint()>& state) {
  metrics_.line(std::move(metrics), step_seconds);
  if (keeps()) {
    auto checkpoint = state();
    const auto lines = core::as_bytes(metrics_.lines().data(), metrics_.lines().size());
    auto& kept = checkpoint.buffers.emplace_back();
    kept.info.name = kMetricsBuffer;
    kept.info.dtype = core::DType::UInt8;
    kept.info.shape.push_back(static_cast<std::int64_t>(lines.size()));
    kept.data.assign(lines.begin(), lines.end());
    const auto sink = core::open_sink(options_.checkpoint, core::Content::Binary);
    write_checkpoint(*sink, header_, checkpoint);
    sink->finish();
  }
  progress_.update(static_cast<std::uint64_t>(number), text);
}

void TrainingSession::finish(formats::Value::Map metrics, double step_seconds) {
  metrics["final"] = true;
  metrics_.line(std::move(metrics), step_seconds);
  metrics_.finish();
}

}  // namespace terse::learn
