#pragma once

#include <string>

#include "relsim-dedup/clusters_output.hpp"
#include "terse/relsim/merging/divergence_merging.hpp"

namespace terse::tools::relsim_dedup {

/// Command line of `relsim-dedup cluster`.
struct ClusterOptions {
  std::string similarity;  ///< a similarity artifact
  std::string linkage = "average";
  relsim::DivergenceMerging merging;
  ClustersOutput output;
};

void define_cluster(CLI::App& command, SharedOptions& shared, ClusterOptions& options);

/// Merges relations by their divergences.
int run_cluster(const SharedOptions& shared, const ClusterOptions& options);

}  // namespace terse::tools::relsim_dedup
