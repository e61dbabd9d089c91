#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/options.hpp"
#include "relsim-score/pair_output.hpp"
#include "terse/relsim/comparison/model_comparison.hpp"

namespace terse::tools::relsim_score {

/// Command line of `relsim-score similarity`.
struct SimilarityOptions {
  std::vector<std::string> models{"-"};  ///< facts artifacts of one knowledge base, or embeddings
  std::string artifact;                  ///< where the similarity artifact goes; empty: nowhere
  PairOutput output;
  std::string method = "exact", orientation = "both", precision = "auto";
  std::optional<double> heads, tolerance, seconds;  ///< of the method adaptive; unset: as `comparison`
  std::optional<std::int64_t> draws;                ///< of the method sample; unset: as `comparison`
  std::string shard;                                ///< "i/n", i from 1; empty: all
  relsim::ComparisonOptions comparison;
};

void define_similarity(CLI::App& command, SharedOptions& shared, SimilarityOptions& options);

/// Compares all relations; prints the pairs and writes the artifact, as asked.
int run_similarity(const SharedOptions& shared, const SimilarityOptions& options);

}  // namespace terse::tools::relsim_score
