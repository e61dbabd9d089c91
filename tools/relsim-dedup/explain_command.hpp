#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "common/options.hpp"
#include "terse/relsim/merging/evidence_merging.hpp"

namespace terse::tools::relsim_dedup {

/// Command line of `relsim-dedup explain`.
struct ExplainOptions {
  std::string similarity, facts;       ///< artifacts
  std::vector<std::string> relations;  ///< two names
  relsim::EvidenceMerging merging;     ///< what the relations would be merged by
  std::size_t top = 5;                 ///< facts shown of each kind
};

void define_explain(CLI::App& command, SharedOptions& shared, ExplainOptions& options);

/// Prints what the evidence says of two relations, whether they would be merged, and the facts that they share and do
/// not share.
int run_explain(const SharedOptions& shared, const ExplainOptions& options);

}  // namespace terse::tools::relsim_dedup
