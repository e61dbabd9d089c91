#pragma once

#include <string>
#include <vector>

#include "common/options.hpp"

namespace terse::tools {

/// Command line of `relsim-score extract`.
struct ScoreExtractOptions {
  std::vector<std::string> files;  ///< models, then the test sentences
  std::string excluded;            ///< relation left out of F1; empty: what the first model says
  bool count_all = false;          ///< leave none out
  bool seeds = false, by_relation = false;
  std::string errors;  ///< a similarity artifact; empty: no analysis of errors
  bool histogram = false;
  std::string plot;  ///< SVG; empty: none
};

void define_score_extract(CLI::App& command, ScoreExtractOptions& options);

/// Classifies test sentences and prints precision, recall and F1, or how similar the wrong answers are.
int run_score_extract(const SharedOptions& shared, const ScoreExtractOptions& options);

}  // namespace terse::tools
