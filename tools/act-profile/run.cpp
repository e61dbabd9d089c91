#include "common/messages.hpp"
#include "options.hpp"
#include "terse/act/allocator.hpp"
#include "terse/core/progress.hpp"
#include "terse/core/size.hpp"
#include "terse/train/profiler.hpp"

namespace terse::tools::act_profile {

namespace {

void say_summary(const formats::Profile& profile) {
  std::uint64_t exact = 0;
  for (const auto& tensor : profile.tensors) exact += tensor.exact_bytes;
  say_note(std::to_string(profile.tensors.size()) + " saved tensors, " + core::format_size(exact) +
           " for the backward pass; peak allocated " + core::format_size(profile.peak_allocated_bytes));
}

}  // namespace

int run(const Options& options) {
  train::TrainOptions train_options;
  train_options.model = train::parse_spec(options.model, "model");
  train_options.data = train::parse_spec(options.data, "data");
  train_options.trust_model = options.trust_model;
  train_options.batch = options.batch;
  train_options.optimizer.kind = train::optimizer_from_string(options.optimizer);
  train_options.compression.level = act::Level::L0;
  train_options.seed = options.shared.seed;

  const auto sink = core::open_sink(options.shared.output, core::Content::Binary);
  act::install_allocator();
  train::Trainer trainer(train_options);
  train::ProfileOptions profile_options;
  profile_options.timed_steps = options.timed_steps;
  profile_options.sensitivities = options.sensitivity == "exact";
  profile_options.sensitivity.draws = options.draws;

  core::Progress progress("probing", 0, options.shared.progress);
  const auto profile = train::profile(trainer, profile_options, [&](std::size_t done, std::size_t total) {
    progress.update(done, "of " + std::to_string(total) + " tensors");
  });
  const formats::Header header{.producer = options.shared.producer,
                               .arguments = options.shared.arguments,
                               .seed = options.shared.seed,
                               .parents = {}};
  formats::write_profile(*sink, header, profile);
  sink->finish();
  say_summary(profile);
  return 0;
}

}  // namespace terse::tools::act_profile
