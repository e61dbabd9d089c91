#pragma once

#include <string>
#include <vector>

#include "common/options.hpp"
#include "relsim-score/prediction_tables.hpp"
#include "terse/relsim/prediction/relation_predictors.hpp"

namespace terse::tools::relsim_score {

/// Command line of `relsim-score predict`.
struct PredictOptions {
  std::vector<std::string> files;  ///< models, then the test facts
  relsim::PredictionInputs inputs;
  PredictionOutput output;
};

void define_predict(CLI::App& command, SharedOptions& shared, PredictOptions& options);

/// Ranks the relations of test facts and prints how well, or how similar the wrong answers are.
int run_predict(const SharedOptions& shared, const PredictOptions& options);

}  // namespace terse::tools::relsim_score
