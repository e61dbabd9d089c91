#pragma once

#include <string>

#include "relsim-dedup/clusters_output.hpp"
#include "terse/relsim/merging/evidence_merging.hpp"

namespace terse::tools::relsim_dedup {

/// Command line of `relsim-dedup evidence`.
struct EvidenceOptions {
  std::string similarity, facts;  ///< artifacts
  std::string linkage = "average";
  relsim::EvidenceMerging merging;
  ClustersOutput output;
};

void define_evidence(CLI::App& command, SharedOptions& shared, EvidenceOptions& options);

/// Merges relations by the evidence in their facts.
int run_evidence(const SharedOptions& shared, const EvidenceOptions& options);

}  // namespace terse::tools::relsim_dedup
