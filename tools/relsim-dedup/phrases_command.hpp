#pragma once

#include <string>

#include "relsim-dedup/clusters_output.hpp"
#include "terse/relsim/merging/phrase_merging.hpp"

namespace terse::tools::relsim_dedup {

/// Command line of `relsim-dedup phrases`.
struct PhrasesOptions {
  std::string similarity;  ///< a similarity artifact whose thin relations are left alone; - or empty: none
  std::string facts;       ///< a facts artifact
  std::string linkage = "average";
  relsim::PhraseMerging merging;
  ClustersOutput output;
};

void define_phrases(CLI::App& command, SharedOptions& shared, PhrasesOptions& options);

/// Groups phrases of Open IE by kind.
int run_phrases(const SharedOptions& shared, const PhrasesOptions& options);

}  // namespace terse::tools::relsim_dedup
