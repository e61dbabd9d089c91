#pragma once

#include <string>
#include <vector>

#include "common/options.hpp"
#include "terse/formats/kinds/clusters.hpp"

namespace terse::tools::relsim_dedup {

/// Command line of `relsim-dedup rewrite`.
struct RewriteOptions {
  std::string clusters;              ///< a clusters artifact
  std::vector<std::string> triples;  ///< as relsim::read_input takes them
  bool keep_repeated = false;        ///< keep facts that have become equal
};

void define_rewrite(CLI::App& command, RewriteOptions& options);

/// Writes triples with each relation replaced by its cluster's representative to standard output.
int run_rewrite(const RewriteOptions& options);

/// The same for clusters at hand.
void rewrite_triples(const formats::Clusters& clusters, const RewriteOptions& options);

}  // namespace terse::tools::relsim_dedup
