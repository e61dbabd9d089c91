#pragma once

#include <span>
#include <string>
#include <vector>

#include "common/options.hpp"
#include "terse/core/table.hpp"
#include "terse/relsim/kb/vocabulary.hpp"
#include "terse/relsim/prediction/error_analysis.hpp"
#include "terse/relsim/prediction/relation_predictors.hpp"

namespace terse::tools::relsim_score {

/// What to print of predictions.
struct PredictionOutput {
  bool seeds = false;        ///< the models differ in their seed: mean and standard deviation over them, too
  bool by_relation = false;  ///< a row for each relation in place of averages
  std::string errors;        ///< a similarity artifact to analyse errors by, in place of both; empty: do not
  bool histogram = false;    ///< of errors: a row for each rank in place of a summary
  std::string plot;          ///< SVG of that histogram; empty: none
};

void define_prediction_output(CLI::App& command, SharedOptions& shared, PredictionOutput& output);

using relsim::Prediction;

/// One figure over models that differ in their seed.
struct OverSeeds {
  double mean = 0;
  core::Cell deviation;  ///< standard deviation; none of one model
};
OverSeeds over_seeds(std::span<const double> values);

/// A row over all facts (micro) and one over relations (macro) for each scorer.
/// @param seeds  how many of the first are one model under several seeds: their mean and standard deviation follow;
///               0: none
void print_ranks(const SharedOptions& shared, std::span<const Prediction> predictions,
                 std::span<const relsim::Triple> facts, std::int32_t relations, std::size_t seeds);
/// A row for each scorer and relation that has facts.
void print_ranks_by_relation(const SharedOptions& shared, std::span<const Prediction> predictions,
                             std::span<const relsim::Triple> facts, const relsim::Vocabulary& relations);

/// How similar wrong answers, and all false relations ranked above the true one, are to the true relation. Relations
/// that the similarity does not know are left out, with a warning.
void print_errors(const SharedOptions& shared, std::span<const Prediction> predictions,
                  std::span<const relsim::Triple> facts, const relsim::ErrorAnalysis& analysis,
                  const PredictionOutput& output);

/// Reads the similarity artifact to analyse errors of models of `relations` by.
/// @throws Error::BadInput where it knows none of them
relsim::ErrorAnalysis read_error_analysis(const std::string& path, const std::vector<std::string>& relations);

}  // namespace terse::tools::relsim_score
