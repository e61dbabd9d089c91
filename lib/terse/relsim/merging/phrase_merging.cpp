#include "terse/relsim/merging/phrase_merging.hpp"

#include <algorithm>
#include <cstdio>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "terse/core/error.hpp"
#include "terse/relsim/merging/evidence_merging.hpp"
#include "terse/relsim/phrases/phrase_agreement.hpp"
#include "terse/relsim/phrases/phrase_chances.hpp"
#include "terse/relsim/phrases/phrase_linkage.hpp"

namespace terse::relsim {
namespace {

using Parts = PhraseClusters::Parts;

// The time of several groupings is their number times that of one.
constexpr std::size_t kGroupings = 16, kManyPhrases = 20000;

std::string shares_in_words(const Parts& parts, double whole) {
  std::vector<std::pair<double, std::string>> shares;
  for (std::size_t i = 0; i < parts.size(); ++i) shares.emplace_back(100 * parts[i] / whole, PhraseKinds::kParts[i]);
  std::stable_sort(shares.begin(), shares.end(), [](const auto& x, const auto& y) { return x.first > y.first; });
  std::string words;
  constexpr double kSpeaks = 5;  // percent below which a part is not worth a word
  for (const auto& [share, name] : shares) {
    if (share < kSpeaks) break;
    char text[32];
    std::snprintf(text, sizeof text, " %.0f %%", share);
    words += (words.empty() ? "" : ", ") + name + text;
  }
  return words;
}

void give_reasons(std::vector<formats::Merge>& merges, const std::vector<Parts>& parts) {
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const double whole = std::accumulate(parts[i].begin(), parts[i].end(), 0.0);
    merges[i].reason = (merges[i].swapped ? "passive: " : "") + (whole > 0 ? shares_in_words(parts[i], whole) : "");
  }
}

}  // namespace

formats::Similarity relations_of(const StoredFacts& facts) {
  formats::Similarity relations;
  relations.relations = facts.facts.relations;
  relations.counts = facts.facts.counts;
  return relations;
}

MergedPhrases merge_phrases(const formats::Similarity& relations, const StoredFacts& facts,
                            const PhraseMerging& options) {
  require_facts_of(relations, facts);
  const auto& names = relations.relations;
  const auto& counts = relations.counts;
  const auto& thin = relations.thin;
  const PhraseKinds kinds(facts.triples, facts.facts.entities, names, options.turn_passive);
  const auto groupings = options.groupings.value_or(kinds.phrases() > kManyPhrases ? 1 : kGroupings);
  const bool vote = groupings > 1;
  std::optional<PhraseKinds> other;  // what is linked in place of `kinds`
  if (vote) other = agreed_kinds(kinds, names, counts, thin, options.merge_thin, groupings);
  if (options.merge_negated) other = (other ? *other : kinds).undenied();
  const auto& linked = other ? *other : kinds;

  ClusterOptions how{.linkage = options.linkage,
                     .threshold = options.threshold.value_or(vote ? kMostAgree : 1 - kinds.at_random()),
                     .count = options.count,
                     .merge_thin = options.merge_thin};
  auto grouped = cluster_phrases(linked, names, counts, thin, how);
  const auto chances = chances_of_merges(
      facts.triples, names, kinds, options.merge_thin ? std::vector<std::uint8_t>() : thin, grouped.clusters.merges);
  if (options.false_merges && !grouped.clusters.merges.empty()) {
    if (chances.empty()) {
      throw Error(Error::BadInput,
                  facts.name + ": " + std::string(kNoChances) + ", which a share of false merges needs");
    }
    // Chances fall from merge to merge: the first ones are kept, and come again in a run that stops after them.
    how.count = static_cast<std::int64_t>(names.size()) - std::ranges::count_if(chances, [&](double chance) {
                  return chance >= 1 - *options.false_merges - 1e-9;
                });
    grouped = cluster_phrases(linked, names, counts, thin, how);
  }

  auto& merges = grouped.clusters.merges;
  give_reasons(merges, vote ? parts_of_merges(kinds, merges) : grouped.parts);
  MergedPhrases merged;
  if (!chances.empty()) {
    for (std::size_t i = 0; i < merges.size(); ++i) merges[i].confidence = chances[i];
  } else if (!merges.empty()) {
    merged.confidence = vote ? PhraseConfidence::ShareOfGroupings : PhraseConfidence::Likeness;
  }
  merged.excluded = excluded_relations(grouped.clusters, thin, options.merge_thin);
  merged.ranking = options.rank ? to_similarity(linked, relations) : relations;
  merged.clusters = std::move(grouped.clusters);
  return merged;
}

}  // namespace terse::relsim
