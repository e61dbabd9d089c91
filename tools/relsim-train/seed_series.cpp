#include "relsim-train/seed_series.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <string_view>

#include "terse/core/error.hpp"

namespace terse::tools::relsim_train {
namespace {

constexpr std::string_view kPlace = "{seed}";

void require_place(const std::string& name, const std::string& option) {
  if (name.find(kPlace) != std::string::npos) return;
  throw Error(Error::Usage,
              option + " " + name + ": with --seeds each run writes its own, {seed} in the name is its seed");
}

std::string filled(std::string name, std::uint64_t seed) {
  for (auto at = name.find(kPlace); at != std::string::npos; at = name.find(kPlace, at)) {
    name.replace(at, kPlace.size(), std::to_string(seed));
  }
  return name;
}

}  // namespace

void define_seeds(CLI::App& command, std::optional<std::int64_t>& seeds) {
  command
      .add_option(
          "--seeds", seeds,
          "Train N models that differ in their seed: --seed and those after it. {seed} in the names of --output, "
          "--checkpoint and --metrics is each one's seed")
      ->type_name("N")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1000}).description(""));
}

void for_each_seed(const SharedOptions& shared, const learn::SessionOptions& session, std::optional<std::int64_t> seeds,
                   const std::function<void(const SeedRun&)>& run) {
  if (!seeds) return run({shared, session, "", true});
  require_place(shared.output, "--output");
  if (!session.checkpoint.empty()) require_place(session.checkpoint, "--checkpoint");
  if (!session.metrics.empty()) require_place(session.metrics, "--metrics");
  for (std::int64_t i = 0; i < *seeds; ++i) {
    SeedRun one{shared, session, "", i == 0};
    auto& seed = one.shared.seed;
    seed += static_cast<std::uint64_t>(i);
    one.label = "seed " + std::to_string(seed) + ": ";
    for (auto* name : {&one.shared.output, &one.session.checkpoint, &one.session.metrics}) *name = filled(*name, seed);
    if (i > 0 && access(one.session.checkpoint.c_str(), F_OK) != 0) one.session.resume = false;
    try {
      run(one);
    } catch (const Error& error) {
      if (error.code() != Error::Negative) throw;  // it names a file or an option
      throw Error(error.code(), one.label + error.what());
    }
  }
}

}  // namespace terse::tools::relsim_train
