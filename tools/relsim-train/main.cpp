// relsim-train: trains models on the facts of a knowledge base.
#include <CLI/CLI.hpp>

#include "common/tool.hpp"
#include "relsim-train/embed_command.hpp"
#include "relsim-train/extract_command.hpp"
#include "relsim-train/facts_command.hpp"
#include "terse/core/error.hpp"

namespace {

using namespace terse::tools;
using namespace terse::tools::relsim_train;

struct Options {
  SharedOptions shared;
  std::string command;
  FactsOptions facts;
  EmbedOptions embed;
  ExtractOptions extract;
};

void define(CLI::App& app, Options& options) {
  add_examples(app, {"relsim-train facts kb.tsv -o kb.facts", "relsim-train embed kb.tsv --model complex -o kb.model"});
  add_output(app, options.shared);
  add_seed(app, options.shared);
  define_facts(add_command(app, "facts", options.command,
                           "Train a fact model P(h,t|r) = P(h|r) P(t|h,r); writes a facts artifact"),
               options.facts);
  define_embed(add_command(app, "embed", options.command,
                           "Train vectors of entities and relations that predict relations; writes a model artifact"),
               options.embed);
  define_extract(
      add_command(app, "extract", options.command,
                  "Train a classifier of the relation between two entities of a sentence; writes a model artifact"),
      options.extract);
}

int run(const Options& options) {
  if (options.command == "facts") return run_facts(options.shared, options.facts);
  if (options.command == "embed") return run_embed(options.shared, options.embed);
  if (options.command == "extract") return run_extract(options.shared, options.extract);
  throw terse::Error(terse::Error::Usage, "no such command: " + options.command);
}

}  // namespace

int main(int argc, char** argv) {
  return run_tool<Options>(
      {"relsim-train", "train models on the facts of a knowledge base, or on sentences that state them"}, argc, argv,
      define, run);
}
