#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/options.hpp"
#include "relsim-train/training_options.hpp"
#include "terse/relsim/facts/fact_trainer.hpp"

namespace terse::tools::relsim_train {

/// Command line of `relsim-train facts`.
struct FactsOptions {
  std::vector<std::string> inputs{"-"};  ///< as triple_reader.hpp has them
  std::string valid;                     ///< TSV of held-out facts; empty: a share of the inputs
  std::optional<double> held_out;        ///< share of the inputs; unset: 0.05, or 0 for a counting model
  std::string model = "neural";
  double smoothing = 1;  ///< of the counting model, in facts
  std::string optimizer = "adam";
  std::optional<double> lr;        ///< unset: the optimizer's
  std::optional<double> momentum;  ///< unset: 0.9 with sgd
  std::string schedule = "constant";
  std::string start = "transe";
  std::string products = "float32";
  std::string level;                  ///< empty: L0, or what the policy says
  std::string policy;                 ///< empty: none
  std::optional<std::int64_t> seeds;  ///< unset: one model
  learn::SessionOptions session;
  relsim::FactTrainingOptions training;
};

void define_facts(CLI::App& command, FactsOptions& options);

/// Reads triples, trains, writes the facts artifact to shared.output.
int run_facts(const SharedOptions& shared, const FactsOptions& options);

}  // namespace terse::tools::relsim_train
