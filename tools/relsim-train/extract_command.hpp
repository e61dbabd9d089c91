#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/options.hpp"
#include "relsim-train/training_options.hpp"
#include "terse/relsim/extraction/extractor_trainer.hpp"

namespace terse::tools::relsim_train {

/// Command line of `relsim-train extract`.
struct ExtractOptions {
  std::vector<std::string> inputs{"-"};  ///< sentences
  std::string valid;                     ///< held-out sentences; empty: a share of the inputs
  double held_out = 0.1;
  std::string model = "pa-lstm";
  std::string vectors;     ///< word vectors as text; empty: random
  std::string similarity;  ///< for the margin
  std::string excluded = "no_relation";
  std::string level;  ///< empty: L0, or L2 with a budget
  std::int64_t least_words = 2, length = 100;
  learn::SessionOptions session;
  relsim::ExtractorShape shape;
  relsim::ExtractorTrainingOptions training;
};

void define_extract(CLI::App& command, ExtractOptions& options);

/// Reads sentences, trains, writes the model artifact to shared.output.
int run_extract(const SharedOptions& shared, const ExtractOptions& options);

}  // namespace terse::tools::relsim_train
