#include "relsim-dedup/phrases_command.hpp"

#include <CLI/CLI.hpp>
#include <utility>

#include "common/messages.hpp"
#include "relsim-dedup/merging_options.hpp"

namespace terse::tools::relsim_dedup {

void define_phrases(CLI::App& command, SharedOptions& shared, PhrasesOptions& options) {
  add_examples(command, {"relsim-dedup phrases --facts openie.facts",
                         "relsim-dedup phrases --facts openie.facts --false-merges 0.2"});
  command
      .add_option("similarity", options.similarity,
                  "A similarity artifact of the same facts, whose thin relations are left alone; - is none")
      ->type_name("FILE");
  add_facts(command, options.facts);
  add_heading(command, "Merging");
  auto& merging = options.merging;
  add_linkage(command, options.linkage);
  command
      .add_option("--threshold", merging.threshold,
                  "Merge groups up to 1 - this share of groupings that have them together (default: 0.5), or with one "
                  "grouping 1 - likeness (default: that of two phrases at random)")
      ->type_name("X");
  add_old_flag(command, "--auto");
  command
      .add_option("--false-merges", merging.false_merges,
                  "The largest chance of being wrong that a merge may have; no merge has less than 0.1 (default: any)")
      ->type_name("SHARE")
      ->check(CLI::Range(1e-9, 0.999).description(""));
  add_old_flag(command, "--phrases");
  command
      .add_option(
          "--groupings", merging.groupings,
          "Merge what most of N groupings have together, which weigh the words and arguments of phrases and the "
          "kinds of their tails differently; 1 is a single one (default: 16; 1 beyond 20000 phrases)")
      ->type_name("N")
      ->check(CLI::Range(1, 1000).description(""));
  command.add_flag("--merge-negated", merging.merge_negated,
                   "Put phrases that deny (\"is not in\") together with those of their kind that do not");
  add_count(command, merging.count);
  add_merge_thin(command, merging.merge_thin);
  add_no_inverse(command, merging.turn_passive);
  define_clusters_output(command, shared, options.output);
  define_old_output(command, options.output);
}

int run_phrases(const SharedOptions& shared, const PhrasesOptions& options) {
  const bool alone = options.similarity.empty() || options.similarity == "-";
  auto sinks = open_outputs(shared, options.output, alone ? "" : options.similarity, options.facts);
  const auto facts = relsim::read_stored_facts(options.facts);
  formats::Loaded<formats::Similarity> relations;
  if (alone) {
    relations.header.seed = facts.seed;
    relations.digest = facts.digest;
    relations.content = relsim::relations_of(facts);
  } else {
    relations = formats::read_similarity(core::open_source(options.similarity));
  }
  auto merging = options.merging;
  merging.linkage = relsim::linkage_called(options.linkage);
  merging.rank = sinks.ranking || !options.output.judge.gold.empty();
  const auto merged = relsim::merge_phrases(relations.content, facts, merging);
  if (merged.confidence != relsim::PhraseConfidence::Chance) {
    const bool shares = merged.confidence == relsim::PhraseConfidence::ShareOfGroupings;
    say_note(std::string("confidences are no chances but ") + (shares ? "shares of groupings: " : "likenesses: ") +
             std::string(relsim::kNoChances));
  }
  write_clusters_output(shared, options.output, std::move(sinks),
                        header_of(shared, relations.header.seed, relations.digest), merged);
  return 0;
}

}  // namespace terse::tools::relsim_dedup
