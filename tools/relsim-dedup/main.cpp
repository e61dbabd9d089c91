// relsim-dedup: finds relations that say the same, and rewrites triples without them. Knows no LibTorch.
#include <CLI/CLI.hpp>

#include "common/tool.hpp"
#include "relsim-dedup/cluster_command.hpp"
#include "relsim-dedup/evidence_command.hpp"
#include "relsim-dedup/explain_command.hpp"
#include "relsim-dedup/judge_command.hpp"
#include "relsim-dedup/phrases_command.hpp"
#include "relsim-dedup/rewrite_command.hpp"
#include "terse/core/error.hpp"

namespace {

using namespace terse::tools;
using namespace terse::tools::relsim_dedup;

struct Options {
  SharedOptions shared;
  std::string command;
  ClusterOptions cluster;
  EvidenceOptions evidence;
  PhrasesOptions phrases;
  ExplainOptions explain;
  RewriteOptions rewrite;
  JudgeOptions judge;
};

void define(CLI::App& app, Options& options) {
  add_examples(app, {"relsim-dedup evidence kb.similarity --facts kb.facts -o kb.clusters",
                     "relsim-dedup rewrite kb.clusters kb.tsv > clean.tsv"});
  auto& shared = options.shared;
  const auto command = [&](const char* name, const char* help) -> CLI::App& {
    return add_command(app, name, options.command, help);
  };
  define_cluster(command("cluster", "Merge relations up to a divergence; what a command line without a command does"),
                 shared, options.cluster);
  define_evidence(command("evidence", "Merge relations by the evidence in their facts, with no threshold to choose"),
                  shared, options.evidence);
  define_phrases(command("phrases", "Group phrases of Open IE that are of one kind"), shared, options.phrases);
  define_explain(command("explain", "Tell what speaks for and against merging two relations"), shared, options.explain);
  define_rewrite(command("rewrite", "Write triples with each relation replaced by its cluster's representative"),
                 options.rewrite);
  define_judge(command("judge", "Judge clusters by known classes: precision, recall and F1"), shared, options.judge);
}

int run(const Options& options) {
  const auto& shared = options.shared;
  if (options.command == "cluster") return run_cluster(shared, options.cluster);
  if (options.command == "evidence") return run_evidence(shared, options.evidence);
  if (options.command == "phrases") return run_phrases(shared, options.phrases);
  if (options.command == "explain") return run_explain(shared, options.explain);
  if (options.command == "rewrite") return run_rewrite(options.rewrite);
  if (options.command == "judge") return run_judge(shared, options.judge);
  throw terse::Error(terse::Error::Usage, "no such command: " + options.command);
}

}  // namespace

int main(int argc, char** argv) {
  return run_tool<Options>(
      {.name = "relsim-dedup",
       .summary = "merge relations that say the same",
       .default_command = "cluster",
       .former_options = {{"--explain", "explain"}, {"--phrases", "phrases"}, {"--auto", "evidence"}}},
      argc, argv, define, run);
}
