#include <array>
#include <map>
#include <string>

#include "common/messages.hpp"
#include "options.hpp"
#include "terse/act/memory/allocator.hpp"
#include "terse/core/error.hpp"
#include "terse/core/progress.hpp"
#include "terse/core/size.hpp"
#include "terse/formats/kinds/facts.hpp"
#include "terse/relsim/facts/fact_profile.hpp"
#include "terse/train/loop/planner.hpp"
#include "terse/train/loop/profiler.hpp"

namespace terse::tools::act_profile {

namespace {

void say_summary(const formats::Profile& profile) {
  std::uint64_t exact = 0;
  for (const auto& tensor : profile.tensors) exact += tensor.exact_bytes;
  say_note(std::to_string(profile.tensors.size()) + " saved tensors, " + core::format_size(exact) +
           " for the backward pass; peak allocated " + core::format_size(profile.peak_allocated_bytes));
  std::map<std::string, std::uint64_t> kept;
  for (const auto& tensor : profile.tensors) {
    if (tensor.reason == "no-rule" && tensor.exact_bytes > 0) kept[tensor.op] += tensor.exact_bytes;
  }
  for (const auto& [op, bytes] : kept) say_warning(core::format_size(bytes) + " kept: no rule for " + op);
}

}  // namespace

namespace {

formats::Header header_of(const Options& options, std::vector<std::string> parents) {
  return {.producer = options.shared.producer,
          .arguments = options.shared.arguments,
          .seed = options.shared.seed,
          .parents = std::move(parents)};
}

int write_plan(const Options& options) {
  const auto profile = formats::read_profile(core::open_source(options.plan));
  const auto sink = core::open_sink(options.shared.output, core::Content::Binary);
  const auto planned = train::plan_policy(profile.content, act::level_from_string(options.level));
  formats::write_policy(*sink, header_of(options, {profile.digest}), planned.policy);
  sink->finish();
  char text[160];
  std::snprintf(text, sizeof text, "predicted variance of the gradient %.4g, %s %.4g; stored ", planned.variance,
                planned.least ? "the least there is in so many bytes; if bits could be shared out freely" : "at best",
                planned.lower_bound);
  say_note(text + core::format_size(planned.bytes));
  return 0;
}

constexpr std::string_view kFacts = "facts:";

act::ProfileOptions profile_options_of(const Options& options) {
  act::ProfileOptions profile_options;
  profile_options.timed_steps = options.timed_steps;
  profile_options.method = act::sensitivity_method_from_string(options.sensitivity);
  profile_options.sensitivity.draws = options.draws;
  return profile_options;
}

/// Measures by `measure`, and writes what it finds. @param parents  digests of artifacts that it comes from
template <class Measure>
int write_profile_of(const Options& options, core::ByteSink& sink, std::vector<std::string> parents, Measure measure) {
  core::Progress progress("probing", 0, options.shared.progress);
  const auto profile = measure(
      [&](std::size_t done, std::size_t total) { progress.update(done, "of " + std::to_string(total) + " tensors"); });
  formats::write_profile(sink, header_of(options, std::move(parents)), profile);
  sink.finish();
  say_summary(profile);
  return 0;
}

int write_measured_facts(const Options& options) {
  if (!options.data.empty()) throw Error(Error::Usage, "--data: " + options.model + " brings its own facts");
  const std::string file = options.model.substr(kFacts.size());
  const auto facts = formats::read_facts(core::open_source(file));
  const auto sink = core::open_sink(options.shared.output, core::Content::Binary);
  act::install_allocator();
  return write_profile_of(options, *sink, {facts.digest}, [&](const auto& tick) {
    return relsim::profile_facts(facts.content, file, options.batch > 0 ? options.batch : 256, options.shared.seed,
                                 profile_options_of(options), tick);
  });
}

int write_measured(const Options& options) {
  if (options.model.starts_with(kFacts)) return write_measured_facts(options);
  if (options.model.empty() || options.data.empty())
    throw Error(Error::Usage, "--model and --data, or --plan, are required");
  train::TrainOptions train_options;
  train_options.model = train::parse_spec(options.model, "model");
  train_options.data = train::parse_spec(options.data, "data");
  train_options.trust_model = options.trust_model;
  train_options.batch = options.batch > 0 ? options.batch : 64;
  using enum learn::OptimizerKind;
  train_options.optimizer.kind = learn::optimizer_from_string(options.optimizer, std::array{Sgd, Adam, AdamW});
  train_options.compression.level = act::Level::L0;
  train_options.compression.as_rounded = true;
  train_options.seed = options.shared.seed;

  const auto sink = core::open_sink(options.shared.output, core::Content::Binary);
  act::install_allocator();
  train::Trainer trainer(train_options);
  return write_profile_of(options, *sink, {},
                          [&](const auto& tick) { return train::profile(trainer, profile_options_of(options), tick); });
}

}  // namespace

int run(const Options& options) { return options.plan.empty() ? write_measured(options) : write_plan(options); }

}  // namespace terse::tools::act_profile
