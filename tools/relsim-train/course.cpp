#include "relsim-train/course.hpp"

#include <malloc.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "common/groups.hpp"
#include "common/messages.hpp"
#include "terse/core/error.hpp"

namespace terse::tools {

namespace {
constexpr const char* kMetricsBuffer = "metrics";  // uint8 [n]: the lines so far
}

void define_metrics(CLI::App& command, CourseOptions& options) {
  add_file(command, "--metrics", options.metrics, "Write one JSON line an epoch to FILE");
}

void define_checkpoint(CLI::App& command, CourseOptions& options) {
  auto* checkpoint =
      add_file(command, "--checkpoint", options.checkpoint, "Keep the run's state in FILE, replaced after each epoch");
  auto* resume = command.add_flag("--resume", options.resume,
                                  "Go on from the checkpoint, bit for bit as if the run had not stopped");
  resume->needs(checkpoint);
  checkpoint->group(kCourseGroup);
  resume->group(kCourseGroup);
}

formats::Header header_of(const SharedOptions& shared) {
  formats::Header header;
  header.producer = shared.producer;
  header.arguments = shared.arguments;
  header.seed = shared.seed;
  return header;
}

Course::Course(const CourseOptions& options, const SharedOptions& shared, std::int64_t epochs)
    : options_(options),
      shared_(shared),
      metrics_(options.metrics, keeps()),
      progress_("training", static_cast<std::uint64_t>(epochs), shared.progress) {
  if (options.metrics == "-" && shared.output == "-") {
    throw Error(Error::Usage, "only one of --output and --metrics can be standard output");
  }
}

formats::Loaded<formats::Checkpoint> Course::read() const {
  return formats::read_checkpoint(core::open_source(options_.checkpoint));
}

std::optional<formats::Loaded<formats::Checkpoint>> Course::resumed() {
  if (!options_.resume) return std::nullopt;
  auto saved = read();
  // Taken out: what restores a state knows only its own tensors.
  auto& buffers = saved.content.buffers;
  const auto found = std::ranges::find(buffers, kMetricsBuffer, [](const auto& tensor) { return tensor.info.name; });
  if (found != buffers.end()) {
    metrics_.again({reinterpret_cast<const char*>(found->data.data()), found->data.size()});
    buffers.erase(found);
  } else if (!options_.metrics.empty() && saved.content.epoch > 0) {
    say_warning(options_.checkpoint + ": holds no metrics of its " + plural(saved.content.epoch, "epoch", "epochs"));
  }
  return saved;
}

formats::Value Course::resumed_budget() const {
  formats::Value budget;
  if (options_.resume) {
    const auto saved = read();
    if (const auto* found = saved.content.adaptation.find("budget")) budget = *found;
  }
  malloc_trim(0);
  return budget;
}

formats::Checkpoint Course::rehearsed(const std::function<formats::Checkpoint()>& make) const {
  struct Trial {
    std::string path;
    ~Trial() { unlink(path.c_str()); }
  } const trial{options_.checkpoint + ".trial"};
  {
    const auto sink = core::open_sink(trial.path, core::Content::Binary);
    write_checkpoint(*sink, header_of(shared_), make());
    sink->finish();
  }
  return formats::read_checkpoint(core::open_source(trial.path)).content;
}

void Course::run(const std::function<bool()>& one) {
  try {
    while (!one()) {
    }
  } catch (const Error&) {
    metrics_.finish();
    throw;
  }
}

void Course::epoch(std::int64_t number, formats::Value::Map metrics, double step_seconds, const std::string& text,
                   const std::function<formats::Checkpoint()>& state) {
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
    write_checkpoint(*sink, header_of(shared_), checkpoint);
    sink->finish();
  }
  progress_.update(static_cast<std::uint64_t>(number), text);
}

void Course::finish(formats::Value::Map metrics, double step_seconds) {
  metrics["final"] = true;
  metrics_.line(std::move(metrics), step_seconds);
  metrics_.finish();
}

}  // namespace terse::tools
