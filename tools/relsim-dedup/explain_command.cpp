#include "relsim-dedup/explain_command.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "common/groups.hpp"
#include "common/messages.hpp"
#include "common/streams.hpp"
#include "relsim-dedup/merging_options.hpp"
#include "terse/core/error.hpp"
#include "terse/core/table.hpp"
#include "terse/relsim/kb/id.hpp"
#include "terse/relsim/merging/pair_explanation.hpp"

namespace terse::tools::relsim_dedup {
namespace {

using relsim::at;
using relsim::PairExplanation;
using relsim::PairVerdict;

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g %%", 100 * share);
  return text;
}

/// "'a' has 2 facts, fewer than 5"; "" where both have enough.
std::string thinness(const PairExplanation& pair, const formats::Similarity& similarity) {
  const auto* least = similarity.details.find("least_facts");
  std::string words;
  for (const auto relation : pair.thin) {
    words += (words.empty() ? "'" : " and '") + similarity.relations[at(relation)] + "' has " +
             plural(static_cast<std::uint64_t>(similarity.counts[at(relation)]), "fact", "facts");
  }
  if (words.empty()) return words;
  return words + (least && least->is_integer() ? ", fewer than " + std::to_string(least->as_integer()) : ", too few");
}

std::string verdict(const PairExplanation& pair, const std::string& thin) {
  auto needs = "not merged: it would have to be " + percent(pair.needed);
  switch (pair.verdict) {
    case PairVerdict::Merged:
      return "merged, unless what else they are merged with speaks against it";
    case PairVerdict::TooFewFacts:
      return "not merged: " + thin + " (--merge-thin)";
    case PairVerdict::IntervalTooWide:
      return needs + ", as it would be were it not for the interval of the divergence, which is too wide: " +
             percent(pair.chance_as_estimated);
    case PairVerdict::OthersAsClose:
      return needs + ", as it would be by the facts alone (" + percent(pair.chance_by_facts) +
             "), but the model has too many other relations as close";
    case PairVerdict::Unlikely:
      return needs;
  }
  throw Error(Error::Internal, "no such verdict");
}

void say_verdict(const PairExplanation& pair, const formats::Similarity& similarity) {
  const auto thin = thinness(pair, similarity);
  if (pair.a == pair.b) {
    say_note("the chance that '" + similarity.relations[at(pair.a)] + "' says the same turned round is " +
             percent(pair.chance) + (thin.empty() ? "" : "; not to be relied on: " + thin));
  } else {
    say_note("the chance that they say the same" + std::string(pair.swapped ? ", turned round, is " : " is ") +
             percent(pair.chance) + "; " + verdict(pair, thin));
  }
}

void print_explanation(const SharedOptions& shared, const PairExplanation& pair, const formats::Similarity& similarity,
                       const std::vector<std::string>& entities, std::size_t top) {
  const auto sink = core::open_sink("-", core::Content::Text);
  core::TableWriter table(*sink, core::table_style(shared.json, "-"),
                          {{"what"}, {"orientation"}, {"log_ratio", 4}, {"count"}, {"head"}, {"tail"}});
  const auto row = [&](const std::string& what, bool swapped, const core::Cell& ratio, const core::Cell& count,
                       const core::Cell& head = {}, const core::Cell& tail = {}) {
    table.row({what, std::string(swapped ? "inverse" : "same"), ratio, count, head, tail});
  };
  row("all together", pair.swapped, pair.log_odds, {});
  for (const auto relation : pair.thin) {
    row("too few facts: " + similarity.relations[at(relation)], pair.swapped, {}, similarity.counts[at(relation)]);
  }
  for (const auto& part : pair.parts) {
    row(part.name, part.swapped, part.log_ratio ? core::Cell(*part.log_ratio) : core::Cell(), {});
  }
  const auto& facts = pair.facts;
  const auto list = [&](const std::string& what, const std::vector<relsim::FactComparison::Pair>& pairs) {
    row(what, facts.swapped, {}, static_cast<std::int64_t>(pairs.size()));
    for (std::size_t i = 0; i < std::min(pairs.size(), top); ++i) {
      row(what, facts.swapped, {}, {}, entities[at(pairs[i].first)], entities[at(pairs[i].second)]);
    }
  };
  list("shared", facts.shared);
  list("only " + similarity.relations[at(pair.a)], facts.only_a);
  if (pair.a != pair.b) list("only " + similarity.relations[at(pair.b)], facts.only_b);
  table.finish();
  sink->finish();
}

}  // namespace

void define_explain(CLI::App& command, SharedOptions& shared, ExplainOptions& options) {
  add_examples(command, {"relsim-dedup explain kb.similarity hypernym hyponym --facts kb.facts",
                         "relsim-dedup explain kb.similarity spouse spouse --facts kb.facts --top 20"});
  add_input(command, "similarity", options.similarity, "A similarity artifact of `relsim-score similarity -o`");
  auto* names =
      command
          .add_option("relations", options.relations,
                      "Names of two relations; of one and itself it tells whether it says the same turned round")
          ->type_name("NAME")
          ->expected(2);
  add_facts(command, options.facts);
  add_heading(command, "Merging");
  auto& merging = options.merging;
  add_evidence(command, merging);
  add_merge_thin(command, merging.merge_thin);
  add_no_inverse(command, merging.inverses);
  add_heading(command, kOutputGroup);
  command.add_option("--top", options.top, "Facts shown of each kind")->type_name("N");
  add_json(command, shared);
  command.add_option("--explain", options.relations)->expected(2)->excludes(names)->group(kHiddenGroup);
}

int run_explain(const SharedOptions& shared, const ExplainOptions& options) {
  if (options.relations.empty()) throw Error(Error::Usage, "explain needs the names of two relations");
  require_separate({{"the similarity", options.similarity}, {"--facts", options.facts}}, {});
  const auto similarity = formats::read_similarity(core::open_source(options.similarity)).content;
  const auto facts = relsim::read_stored_facts(options.facts);
  const auto evidence = relsim::weigh_stored_facts(similarity, facts, options.merging.names);
  const auto pair =
      relsim::explain_pair(evidence, similarity, facts, options.relations[0], options.relations[1], options.merging);
  say_verdict(pair, similarity);
  print_explanation(shared, pair, similarity, facts.facts.entities, options.top);
  return 0;
}

}  // namespace terse::tools::relsim_dedup
