#include "relsim-train/course.hpp"

#include <malloc.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "common/groups.hpp"

namespace terse::tools {

void define_metrics(CLI::App& command, CourseOptions& options) {
  add_file(command, "--metrics", options.metrics, "Write one JSON line an epoch to FILE");
}

void define_checkpoint(CLI::App& command, CourseOptions& options) {
  auto* checkpoint = add_file(command, "--checkpoint", options.checkpoint, "Keep the run's state in FILE, replaced after each epoch");
  auto* resume = command.add_flag("--resume", options.resume, "Go on from the checkpoint, bit for bit as if the run had not stopped");
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
    : options_(options), shared_(shared), metrics_(options.metrics),
      progress_("training", static_cast<std::uint64_t>(epochs), shared.progress) {}

std::optional<formats::Loaded<formats::Checkpoint>> Course::resumed() const {
  if (!options_.resume) return std::nullopt;
  return formats::read_checkpoint(core::open_source(options_.checkpoint));
}

formats::Value Course::resumed_budget() const {
  formats::Value budget;
  if (const auto saved = resumed()) {
    if (const auto* found = saved->content.adaptation.find("budget")) budget = *found;
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

void Course::keep(const formats::Checkpoint& checkpoint) const {
  const auto sink = core::open_sink(options_.checkpoint, core::Content::Binary);
  write_checkpoint(*sink, header_of(shared_), checkpoint);
  sink->finish();
}

void Course::epoch(std::int64_t number, formats::Value::Map metrics, double step_seconds, const std::string& text) {
  metrics_.line(std::move(metrics), step_seconds);
  progress_.update(static_cast<std::uint64_t>(number), text);
}

void Course::finish(formats::Value::Map metrics, double step_seconds) {
  metrics["final"] = true;
  metrics_.line(std::move(metrics), step_seconds);
  metrics_.finish();
}

}  // namespace terse::tools
