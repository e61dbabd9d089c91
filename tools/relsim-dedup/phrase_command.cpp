#include "relsim-dedup/phrase_command.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "relsim-dedup/evidence_command.hpp"
#include "terse/relsim/redundancy/phrase_linkage.hpp"

namespace terse::tools {
namespace {

using Parts = std::array<double, relsim::PhraseKinds::kParts.size()>;

std::string in_words(const Parts& parts, double whole) {
  std::vector<std::pair<double, std::string>> shares;
  for (std::size_t i = 0; i < parts.size(); ++i) shares.emplace_back(100 * parts[i] / whole, relsim::PhraseKinds::kParts[i]);
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
  how.threshold = options.threshold.value_or(1 - kinds.at_random());
  auto grouped = relsim::cluster_phrases(kinds, names.relations, names.counts, names.thin, how);
  for (std::size_t i = 0; i < grouped.parts.size(); ++i) {
    const auto& parts = grouped.parts[i];
    const double whole = std::accumulate(parts.begin(), parts.end(), 0.0);
    auto& merge = grouped.clusters.merges[i];
    merge.reason = (merge.swapped ? "passive: " : "") + (whole > 0 ? in_words(parts, whole) : "");
  }
  if (!options.gold.empty()) names = relsim::to_similarity(kinds, names);
  return std::move(grouped.clusters);
}

}  // namespace terse::tools
