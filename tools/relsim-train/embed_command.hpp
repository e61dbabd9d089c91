#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/options.hpp"
#include "relsim-train/training_options.hpp"
#include "terse/relsim/embedding/embedding_trainer.hpp"

namespace terse::tools::relsim_train {

/// Command line of `relsim-train embed`. What is not given has a default that depends on the model.
struct EmbedOptions {
  std::vector<std::string> inputs{"-"};
  std::string valid;  ///< triples held out; empty: a share of the inputs
  double held_out = 0.05;
  std::string model = "transe";
  std::string loss;  ///< empty: as the model asks for
  std::string optimizer = "adagrad";
  std::optional<double> lr, margin, tau_start;
  std::string corrupt = "relations", negatives = "uniform";
  std::string similarity;  ///< a similarity artifact
  std::string combine;     ///< both directions of its divergences; empty: as it has it
  learn::SessionOptions session;
  relsim::EmbeddingTrainingOptions training;
};

void define_embed(CLI::App& command, EmbedOptions& options);

/// Reads triples, trains, writes the model artifact to shared.output.
int run_embed(const SharedOptions& shared, const EmbedOptions& options);

}  // namespace terse::tools::relsim_train
