#include "terse/relsim/merging/evidence_merging.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "terse/core/error.hpp"
#include "terse/relsim/kb/id.hpp"
#include "terse/relsim/ranking/upper_bound.hpp"

namespace terse::relsim {
namespace {

/// The relations below a node of the tree of merges, each turned round against the node or not.
using Members = std::vector<std::pair<std::int32_t, bool>>;

std::string reason_of(const Evidence& evidence, const Members& a, const Members& b, bool swapped) {
  std::vector<std::pair<double, std::string>> parts;
  for (const auto& part : evidence.parts) {
    double sum = 0;
    for (const auto& [x, x_turned] : a) {
      for (const auto& [y, y_turned] : b) {
        const bool turned = (x_turned != y_turned) != swapped;
        sum += static_cast<double>(part.ratio[turned][at(x) * evidence.relations + at(y)]);
      }
    }
    parts.emplace_back(sum / static_cast<double>(a.size() * b.size()), part.name);
  }
  std::stable_sort(parts.begin(), parts.end(), [](const auto& x, const auto& y) { return x.first > y.first; });
  std::string words = swapped ? "inverse" : "";
  constexpr double kSpeaks = 0.5;  // log ratio below which a part says nothing
  for (const auto& [ratio, name] : parts) {
    if (ratio < kSpeaks) break;
    char text[64];
    std::snprintf(text, sizeof text, " %+.1f", ratio);
    words += (words.empty() ? "" : words == "inverse" ? ": " : ", ") + name + text;
  }
  return words;
}

void give_reasons(formats::Clusters& clusters, const Evidence& evidence) {
  std::vector<Members> nodes;
  for (std::size_t r = 0; r < clusters.relations.size(); ++r) nodes.push_back({{static_cast<std::int32_t>(r), false}});
  for (auto& merge : clusters.merges) {
    const auto &a = nodes[at(merge.a)], &b = nodes[at(merge.b)];
    merge.reason = reason_of(evidence, a, b, merge.swapped);
    auto both = a;
    for (const auto& [relation, turned] : b) both.emplace_back(relation, turned != merge.swapped);
    nodes.push_back(std::move(both));
  }
}

}  // namespace

double EvidenceMerging::merge_threshold() const { return threshold.value_or(-std::log1p(-false_merges)); }

void require_facts_of(const formats::Similarity& similarity, const StoredFacts& facts) {
  if (facts.facts.relations != similarity.relations) {
    throw Error(Error::BadInput, facts.name + ": its relations are not those of the similarity");
  }
}

Evidence weigh_stored_facts(const formats::Similarity& similarity, const StoredFacts& facts, bool names) {
  require_facts_of(similarity, facts);
  EvidenceOptions options;
  options.names = names;
  options.entity_names = facts.facts.entities;
  const bool is_divergence = std::ranges::count(std::array{"exact", "adaptive", "sample"}, similarity.method) > 0;
  if (is_divergence && (has_intervals(similarity) || !only_counts(facts.facts))) options.divergences = &similarity;
  return weigh_evidence(facts.triples, static_cast<std::int32_t>(facts.facts.entities.size()), similarity.relations,
                        options);
}

MergedRelations merge_by_evidence(const formats::Similarity& similarity, const StoredFacts& facts,
                                  const EvidenceMerging& options) {
  const auto evidence = weigh_stored_facts(similarity, facts, options.names);
  const auto ranked = [&](LimitedBy limit) {
    auto ranking = to_similarity(evidence, similarity, limit);
    if (!options.inverses) ranking.swapped.clear();
    return ranking;
  };
  std::optional<formats::Similarity> as_estimated;
  if (evidence.limit.has_intervals()) as_estimated = ranked(LimitedBy::Estimate);
  auto merged = merge_relations(ranked(LimitedBy::UpperBound), as_estimated,
                                {.linkage = options.linkage,
                                 .threshold = options.merge_threshold(),
                                 .count = options.count,
                                 .merge_thin = options.merge_thin});
  give_reasons(merged.clusters, evidence);
  return merged;
}

}  // namespace terse::relsim
