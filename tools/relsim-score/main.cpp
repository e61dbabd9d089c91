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
using namespace terse::tools::relsim_score;

struct Options {
  SharedOptions shared;
  std::string command;
  SimilarityOptions similarity;
  MergeOptions merge;
  CorrelateOptions correlate;
  PredictOptions predict;
  ExtractOptions extract;
};

void define(CLI::App& app, Options& options) {
  add_examples(app, {"relsim-score similarity kb.facts -o kb.similarity",
                     "relsim-score predict kb.model test.tsv --counts train.tsv"});
  auto& shared = options.shared;
  const auto command = [&](const char* name, const char* help) -> CLI::App& {
    return add_command(app, name, options.command, help);
  };
  define_similarity(
      command("similarity", "Compare all relations of a model, each as it stands and with heads and tails swapped"),
      shared, options.similarity);
  define_merge(command("merge", "Join the parts of a comparison that was split with --shard"), shared, options.merge);
  define_correlate(command("correlate", "Compare a similarity with people's ratings"), shared, options.correlate);
  define_predict(command("predict", "Rank the relations between two entities by embeddings, fact models and counts"),
                 shared, options.predict);
  define_extract(command("extract", "Classify the relations of test sentences by extractors: precision, recall and F1"),
                 shared, options.extract);
}

int run(const Options& options) {
  if (options.command == "similarity") return run_similarity(options.shared, options.similarity);
  if (options.command == "merge") return run_merge(options.shared, options.merge);
  if (options.command == "correlate") return run_correlate(options.shared, options.correlate);
  if (options.command == "predict") return run_predict(options.shared, options.predict);
  if (options.command == "extract") return run_extract(options.shared, options.extract);
  throw terse::Error(terse::Error::Usage, "no such command: " + options.command);
}

}  // namespace

int main(int argc, char** argv) {
  return run_tool<Options>({"relsim-score", "score relations with trained models"}, argc, argv, define, run);
}
