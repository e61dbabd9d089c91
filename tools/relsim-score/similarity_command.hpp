#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/options.hpp"
#include "relsim-score/pair_output.hpp"
#include "terse/relsim/kb/knowledge_base.hpp"

namespace terse::tools {

/// Command line of `relsim-score similarity`.
struct SimilarityOptions {
  std::vector<std::string> models{"-"};  ///< facts artifacts of one knowledge base, or embeddings
  std::string artifact;                  ///< where the similarity artifact goes; empty: nowhere
  PairOutput output;
  std::string method = "exact";
  std::optional<double> heads;        ///< adaptive: heads a relation; unset or 0: by tolerance and time
  std::optional<double> tolerance;    ///< adaptive; unset: 0.05
  std::optional<double> seconds;      ///< adaptive; unset or 0: no limit
  std::optional<std::int64_t> draws;  ///< sample; unset: 20
  std::string orientation = "both";
  std::string shard;  ///< "i/n", i from 1; empty: all
  std::string combine = "max";
  double temperature = 1;
  std::string precision = "auto";
  std::int64_t least_facts = relsim::kLeastFacts;

  /// Whether the method is no divergence but a measure that divergences are set against.
  bool takes_distances() const { return method == "jaccard" || method == "profile" || method == "cosine"; }
};

void define_similarity(CLI::App& command, SimilarityOptions& options);

/// Computes all divergences; prints the pairs and writes the artifact, as asked.
int run_similarity(const SharedOptions& shared, const SimilarityOptions& options);

}  // namespace terse::tools
