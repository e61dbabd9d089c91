#pragma once

#include <string>
#include <vector>

#include "common/options.hpp"
#include "relsim-score/prediction_tables.hpp"

namespace terse::tools::relsim_score {

/// Command line of `relsim-score extract`.
struct ExtractOptions {
  std::vector<std::string> files;  ///< models, then the test sentences
  std::string excluded;            ///< relation left out of F1; empty: what the first model says
  bool count_all = false;          ///< leave none out
  PredictionOutput output;
};

void define_extract(CLI::App& command, SharedOptions& shared, ExtractOptions& options);

/// Classifies test sentences and prints precision, recall and F1, or how similar the wrong answers are.
int run_extract(const SharedOptions& shared, const ExtractOptions& options);

}  // namespace terse::tools::relsim_score
