// relsim-score: scores relations with trained models.
#include <CLI/CLI.hpp>

#include "common/tool.hpp"
#include "relsim-score/correlate_command.hpp"
#include "relsim-score/extract_command.hpp"
#include "relsim-score/merge_command.hpp"
#include "relsim-score/predict_command.hpp"
#include "relsim-score/similarity_command.hpp"
#include "terse/core/error.hpp"

namespace {

using namespace terse::tools;

struct Options {
  SharedOptions shared;
  std::string command;
  SimilarityOptions similarity;
  MergeOptions merge;
  CorrelateOptions correlate;
  PredictOptions predict;
  ScoreExtractOptions extract;
};

void define(CLI::App& app, Options& options) {
  add_json(app, options.shared);
  add_seed(app, options.shared);
  define_similarity(add_command(app, "similarity", options.command,
                                "Compare all relations of a fact model, each as it stands and with heads and tails "
                                "swapped"),
                    options.similarity);
  define_merge(add_command(app, "merge", options.command, "Join the parts of a comparison that was split with --shard"),
               options.merge);
  define_correlate(add_command(app, "correlate", options.command, "Compare a similarity with people's ratings"),
                   options.correlate);
  define_predict(add_command(app, "predict", options.command,
                             "Rank the relations between two entities by embeddings, fact models and counts"),
                 options.predict);
  define_score_extract(add_command(app, "extract", options.command,
                                   "Classify the relations of test sentences by extractors: precision, recall and F1"),
                       options.extract);
}

int run(const Options& options) {
  if (options.command == "similarity") return run_similarity(options.shared, options.similarity);
  if (options.command == "merge") return run_merge(options.shared, options.merge);
  if (options.command == "correlate") return run_correlate(options.shared, options.correlate);
  if (options.command == "predict") return run_predict(options.shared, options.predict);
  if (options.command == "extract") return run_score_extract(options.shared, options.extract);
  throw terse::Error(terse::Error::Usage, "no such command: " + options.command);
}

}  // namespace

int main(int argc, char** argv) {
  return run_tool<Options>({"relsim-score", "score relations with trained models"}, argc, argv, define, run);
}
