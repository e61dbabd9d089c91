#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/options.hpp"

namespace terse::tools {

/// Command line of relsim-dedup.
struct DedupOptions {
  SharedOptions shared;
  std::string similarity;  ///< a similarity artifact
  std::string artifact;    ///< where the clusters artifact goes; empty: nowhere
  std::string linkage = "average";
  double threshold = 0.5;
  std::optional<std::int64_t> count;
  bool merge_thin = false;
  std::string triples;     ///< TSV to rewrite; empty: print clusters
  bool keep_repeated = false;
  std::string gold;        ///< classes of relations to judge the clusters by; empty: do not
};

void define(CLI::App& app, DedupOptions& options);

/// Clusters relations; prints relation → cluster or rewritten triples, and writes the artifact, as asked.
int run(const DedupOptions& options);

}  // namespace terse::tools
