#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/options.hpp"

namespace terse::tools {

/// Command line of `relsim-score predict`.
struct PredictOptions {
  std::vector<std::string> files;   ///< models, then the test facts
  std::vector<std::string> counts;  ///< knowledge base to count in; empty: do not
  std::optional<double> smoothing;  ///< of the counts, in facts; unset: the mean of a relation's facts
  std::vector<std::string> known;   ///< further facts that hold
  std::string mix, prior;           ///< facts to learn a mixture and priors from; empty: do not
  bool seeds = false, by_relation = false;
  std::string errors;  ///< a similarity artifact; empty: no analysis of errors
  bool histogram = false;
  std::string plot;  ///< SVG; empty: none
};

void define_predict(CLI::App& command, PredictOptions& options);

/// Ranks the relations of test facts and prints how well, or how similar the wrong answers are.
int run_predict(const SharedOptions& shared, const PredictOptions& options);

}  // namespace terse::tools
