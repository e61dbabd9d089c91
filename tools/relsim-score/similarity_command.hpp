#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/options.hpp"

namespace terse::tools {

/// Command line of `relsim-score similarity`.
struct SimilarityOptions {
  std::string facts;            ///< a facts artifact
  std::string artifact;         ///< where the similarity artifact goes; empty: nowhere
  std::optional<std::size_t> top;
  std::string combine = "max";
  double temperature = 1;
  std::string precision = "auto";
  std::int64_t least_facts = 5;
};

void define_similarity(CLI::App& command, SimilarityOptions& options);

/// Computes all divergences; prints the pairs and writes the artifact, as asked.
int run_similarity(const SharedOptions& shared, const SimilarityOptions& options);

}  // namespace terse::tools
