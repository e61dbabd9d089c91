#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/options.hpp"
#include "relsim-score/pair_output.hpp"

namespace terse::tools::relsim_score {

/// Command line of `relsim-score merge`.
struct MergeOptions {
  std::vector<std::string> parts;
  std::string artifact;
  PairOutput output;
};

void define_merge(CLI::App& command, SharedOptions& shared, MergeOptions& options);

/// Joins the parts that `similarity --shard` wrote; the artifact is, byte for byte, that of one run.
int run_merge(const SharedOptions& shared, const MergeOptions& options);

}  // namespace terse::tools::relsim_score
