// relsim-score: scores relations with trained models.
#include <CLI/CLI.hpp>

#include "common/tool.hpp"
#include "relsim-score/similarity_command.hpp"
#include "terse/core/error.hpp"

namespace {

using namespace terse::tools;

struct Options {
  SharedOptions shared;
  std::string command;
  SimilarityOptions similarity;
};

void define(CLI::App& app, Options& options) {
  add_json(app, options.shared);
  define_similarity(add_command(app, "similarity", options.command,
                                "Compare all relations of a fact model, each as it stands and with heads and tails "
                                "swapped"),
                    options.similarity);
}

int run(const Options& options) {
  if (options.command == "similarity") return run_similarity(options.shared, options.similarity);
  throw terse::Error(terse::Error::Usage, "no such command: " + options.command);
}

}  // namespace

int main(int argc, char** argv) {
  return run_tool<Options>({"relsim-score", "score relations with trained models"}, argc, argv, define, run);
}
