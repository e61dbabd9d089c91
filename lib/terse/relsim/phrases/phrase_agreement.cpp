#include "terse/relsim/phrases/phrase_agreement.hpp"

#include <cmath>
#include <utility>

#include "terse/relsim/sparse/feature_rows.hpp"
#include "terse/relsim/sparse/feature_sum.hpp"

namespace terse::relsim {
namespace {

/// A column for each cluster, `value` in the rows of its members.
SparseMatrix membership(const formats::Clusters& clusters, float value) {
  SparseMatrix rows;
  rows.columns = static_cast<std::int32_t>(clusters.representatives.size());
  for (const auto cluster : clusters.cluster) {
    rows.column.push_back(cluster);
    rows.value.push_back(value);
    rows.begin.push_back(rows.column.size());
  }
  return rows;
}

}  // namespace

PhraseKinds agreed_kinds(const PhraseKinds& kinds, const std::vector<std::string>& phrases,
                         const std::vector<std::int64_t>& counts, const std::vector<std::uint8_t>& thin,
                         bool merge_thin, std::size_t groupings) {
  const auto weight = static_cast<float>(std::sqrt(1 / (static_cast<double>(groupings) + 1)));
  const auto all = kinds.undenied();
  std::vector<SparseMatrix> votes;
  for (std::size_t i = 0; i < groupings; ++i) {
    const auto weighed = all.weighed((static_cast<double>(i) + 0.5) / static_cast<double>(groupings));
    const ClusterOptions options{.threshold = 1 - weighed.at_random(), .merge_thin = merge_thin};
    votes.push_back(membership(cluster_phrases(weighed, phrases, counts, thin, options).clusters, weight));
  }
  votes.push_back(kinds.features());
  for (auto& x : votes.back().value) x *= weight;
  return kinds.by(side_by_side(votes));
}

std::vector<PhraseClusters::Parts> parts_of_merges(const PhraseKinds& kinds,
                                                   const std::vector<formats::Merge>& merges) {
  struct Node {
    FeatureSum sum;
    std::size_t size = 1;
  };
  const auto& features = kinds.features();
  std::vector<Node> nodes;
  for (std::size_t p = 0; p < kinds.phrases(); ++p) {
    nodes.push_back({FeatureSum(features.columns_of(p), features.values_of(p), [](std::int32_t) { return true; })});
  }
  std::vector<PhraseClusters::Parts> result;
  for (const auto& merge : merges) {
    auto &a = nodes[static_cast<std::size_t>(merge.a)], &b = nodes[static_cast<std::size_t>(merge.b)];
    auto& parts = result.emplace_back();
    const auto pairs = static_cast<double>(a.size * b.size);
    for (const auto& [column, product] : a.sum.add(b.sum)) parts[kinds.part_of(column)] += product / pairs;
    Node both{std::move(a.sum), a.size + b.size};
    b = {};
    nodes.push_back(std::move(both));
  }
  return result;
}

}  // namespace terse::relsim
