#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/options.hpp"
#include "relsim-score/pair_output.hpp"

namespace terse::tools {

/// Command line of `relsim-score similarity`.
struct SimilarityOptions {
  std::vector<std::string> facts{"-"};  ///< facts artifacts of one knowledge base
  std::string artifact;                 ///< where the similarity artifact goes; empty: nowhere
  PairOutput output;
  std::string method = "exact";
  double heads = 0;          ///< adaptive: heads a relation; 0: by tolerance and time
  double tolerance = 0.05;   ///< adaptive
  double seconds = 0;        ///< adaptive; 0: no limit
  std::int64_t draws = 20;   ///< sample
  std::string orientation = "both";
  std::string shard;         ///< "i/n", i from 1; empty: all
  std::string combine = "max";
  double temperature = 1;
  std::string precision = "auto";
  std::int64_t least_facts = 5;
};

void define_similarity(CLI::App& command, SimilarityOptions& options);

/// Computes all divergences; prints the pairs and writes the artifact, as asked.
int run_similarity(const SharedOptions& shared, const SimilarityOptions& options);

}  // namespace terse::tools
