#pragma once

#include <cstdint>
#include <string>

#include "common/options.hpp"

namespace terse::tools::relsim_score {

/// Command line of `relsim-score correlate`.
struct CorrelateOptions {
  std::string similarity = "-";
  std::string ratings;
  std::int64_t draws = 2000;
  std::string orientation = "both";
};

void define_correlate(CLI::App& command, SharedOptions& shared, CorrelateOptions& options);

/// How well a similarity agrees with people's ratings of pairs of relations, and people with one another.
int run_correlate(const SharedOptions& shared, const CorrelateOptions& options);

}  // namespace terse::tools::relsim_score
