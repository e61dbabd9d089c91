#include "relsim-dedup/rewrite_command.hpp"

#include <CLI/CLI.hpp>

#include "common/messages.hpp"
#include "common/streams.hpp"
#include "terse/relsim/linkage/rewrite.hpp"

namespace terse::tools::relsim_dedup {

void define_rewrite(CLI::App& command, RewriteOptions& options) {
  add_examples(command, {"relsim-dedup rewrite kb.clusters kb.tsv > clean.tsv",
                         "relsim-dedup kb.similarity -o - | relsim-dedup rewrite - kb.nt > clean.tsv"});
  command.add_option("clusters", options.clusters, "A clusters artifact, - is standard input")
      ->required()
      ->type_name("FILE");
  command
      .add_option("triples", options.triples,
                  "Triples in any form that `relsim-train facts` reads, - is standard input")
      ->required()
      ->type_name("FILE");
  command.add_flag("--keep-repeated", options.keep_repeated, "Keep facts that have become equal");
}

int run_rewrite(const RewriteOptions& options) {
  std::vector<NamedFile> inputs{{"the clusters", options.clusters}};
  for (const auto& input : options.triples) inputs.push_back({"the triples", input});
  require_separate(inputs, {});
  rewrite_triples(formats::read_clusters(core::open_source(options.clusters)).content, options);
  return 0;
}

void rewrite_triples(const formats::Clusters& clusters, const RewriteOptions& options) {
  const auto sink = core::open_sink("-", core::Content::Text);
  relsim::TripleRewriter rewriter(clusters, *sink, options.keep_repeated);
  for (const auto& input : options.triples) rewriter.rewrite(input);
  sink->finish();
  const auto& counts = rewriter.counts();
  const auto number = [](std::uint64_t n) { return std::to_string(n); };
  say_note(plural(counts.facts, "fact: ", "facts: ") + number(counts.renamed) + " renamed, " + number(counts.turned) +
           " of them turned round; " + number(counts.repeated) + " left out as repeated");
  if (counts.unknown > 0) {
    say_warning(plural(counts.unknown, "fact has a relation", "facts have relations") +
                " that the clusters do not know: left as " + (counts.unknown == 1 ? "it is" : "they are"));
  }
}

}  // namespace terse::tools::relsim_dedup
