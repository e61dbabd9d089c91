#include "relsim-dedup/phrase_command.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/messages.hpp"
#include "relsim-dedup/evidence_command.hpp"
#include "terse/core/error.hpp"
#include "terse/relsim/phrases/phrase_agreement.hpp"
#include "terse/relsim/phrases/phrase_chances.hpp"
#include "terse/relsim/phrases/phrase_linkage.hpp"

namespace terse::tools {
namespace {

using Parts = relsim::PhraseClusters::Parts;

constexpr const char* kNoChances =
    "too few phrases are the same but for adverbs, auxiliaries and articles, and about the same heads, to learn "
    "chances from";
// More would take their number times longer.
constexpr std::size_t kGroupings = 16, kManyPhrases = 20000;

std::string in_words(const Parts& parts, double whole) {
  std::vector<std::pair<double, std::string>> shares;
  for (std::size_t i = 0; i < parts.size(); ++i)
    shares.emplace_back(100 * parts[i] / whole, relsim::PhraseKinds::kParts[i]);
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

}  // namespace

formats::Clusters group_phrases(formats::Loaded<formats::Similarity>& similarity, relsim::ClusterOptions how,
                                const DedupOptions& options) {
  auto& names = similarity.content;
  const auto loaded = names.relations.empty() ? load_facts(options) : load_facts(names, options);
  if (names.relations.empty()) {
    names.relations = loaded.facts.relations;
    names.counts = loaded.facts.counts;
    similarity.header.seed = loaded.seed;
    similarity.digest = loaded.digest;
  }
  const relsim::PhraseKinds kinds(loaded.triples, loaded.facts.entities, names.relations, !options.no_inverse);
  const auto groupings = options.groupings.value_or(kinds.phrases() > kManyPhrases ? 1 : kGroupings);
  const bool agree = groupings > 1;
  std::optional<relsim::PhraseKinds> other;  // kinds to be linked in place of those
  if (agree) other = relsim::agreed_kinds(kinds, names.relations, names.counts, names.thin, how.merge_thin, groupings);
  if (options.merge_negated) other = (other ? *other : kinds).undenied();
  const auto& linked = other ? *other : kinds;
  how.threshold = options.threshold.value_or(agree ? relsim::kMostAgree : 1 - kinds.at_random());
  auto grouped = relsim::cluster_phrases(linked, names.relations, names.counts, names.thin, how);
  const auto chances =
      relsim::chances_of_merges(loaded.triples, names.relations, kinds,
                                how.merge_thin ? std::vector<std::uint8_t>() : names.thin, grouped.clusters.merges);
  if (options.false_merges && !grouped.clusters.merges.empty()) {
    if (chances.empty())
      throw Error(Error::BadInput, options.facts + ": " + kNoChances + ", as --false-merges asks for");
    // Chances fall: those that are kept came first, and come again.
    how.count = static_cast<std::int64_t>(names.relations.size()) - std::ranges::count_if(chances, [&](double chance) {
                  return chance >= 1 - *options.false_merges - 1e-9;
                });
    grouped = relsim::cluster_phrases(linked, names.relations, names.counts, names.thin, how);
  }
  if (agree) grouped.parts = relsim::parts_of_merges(kinds, grouped.clusters.merges);
  for (std::size_t i = 0; i < grouped.parts.size(); ++i) {
    const auto& parts = grouped.parts[i];
    const double whole = std::accumulate(parts.begin(), parts.end(), 0.0);
    auto& merge = grouped.clusters.merges[i];
    merge.reason = (merge.swapped ? "passive: " : "") + (whole > 0 ? in_words(parts, whole) : "");
  }
  if (!chances.empty()) {
    for (std::size_t i = 0; i < grouped.clusters.merges.size(); ++i) grouped.clusters.merges[i].confidence = chances[i];
  } else if (!grouped.clusters.merges.empty()) {
    say_note(std::string("confidences are no chances but ") + (agree ? "shares of groupings: " : "likenesses: ") +
             kNoChances);
  }
  if (!options.gold.empty()) names = relsim::to_similarity(linked, names);
  return std::move(grouped.clusters);
}

}  // namespace terse::tools
