#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "common/options.hpp"
#include "relsim-train/training_options.hpp"

namespace terse::tools::relsim_train {

/// --seeds N: several runs of a command that differ in their seed alone, --seed and those after it. Files that each of
/// them writes have {seed} in their names.
void define_seeds(CLI::App& command, std::optional<std::int64_t>& seeds);

/// One run of a series, or the only one.
struct SeedRun {
  SharedOptions shared;  ///< its own seed and output
  learn::SessionOptions session;
  std::string label;  ///< "seed 3: ", for messages; empty for the only run
  bool first = true;
};

/// Calls `run` for each seed, in turn. With --resume a run whose checkpoint is not there begins anew, but for the
/// first: a series that was stopped had not come to it.
/// @param seeds  not set: one run, files named as they are
/// @throws Error::Usage where runs would write the same file
void for_each_seed(const SharedOptions& shared, const learn::SessionOptions& session, std::optional<std::int64_t> seeds,
                   const std::function<void(const SeedRun&)>& run);

}  // namespace terse::tools::relsim_train
