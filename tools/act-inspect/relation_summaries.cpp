// Summaries of what the relsim- programs write: facts, similarities, clusters.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "act-inspect/kind_summaries.hpp"
#include "terse/formats/kinds/clusters.hpp"
#include "terse/formats/kinds/facts.hpp"
#include "terse/formats/kinds/similarity.hpp"
#include "terse/formats/kinds/similarity_part.hpp"

namespace terse::tools::act_inspect {
namespace {

std::size_t rows_wanted(const Options& options, std::size_t available) {
  return options.top == 0 ? available : std::min(available, static_cast<std::size_t>(options.top));
}

// The first `rows` indices of 0..count-1 in the order of `before`, ties by index.
template <class Before>
std::vector<std::size_t> first_by(std::size_t count, std::size_t rows, Before before) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto stable = [&](std::size_t a, std::size_t b) { return before(a, b) || (!before(b, a) && a < b); };
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(rows), order.end(), stable);
  order.resize(rows);
  return order;
}

struct Pair {
  std::size_t a = 0, b = 0;
  bool swapped = false;
  double forward = 0, backward = 0;  // KL(a ‖ b) and KL(b ‖ a)
  double combined = 0;
};

double combine(const std::string& how, double x, double y) {
  if (how == "min") return std::min(x, y);
  if (how == "mean") return (x + y) / 2;
  return std::max(x, y);
}

std::vector<Pair> pairs_of(const formats::Similarity& similarity) {
  const std::size_t count = similarity.relations.size();
  std::vector<Pair> pairs;
  const auto add = [&](const std::vector<double>& matrix, bool swapped) {
    if (matrix.empty()) return;
    for (std::size_t a = 0; a < count; ++a) {
      for (std::size_t b = a + 1; b < count; ++b) {
        Pair pair{a, b, swapped, matrix[a * count + b], matrix[b * count + a], 0};
        pair.combined = combine(similarity.combine, pair.forward, pair.backward);
        pairs.push_back(pair);
      }
    }
  };
  add(similarity.divergence, false);
  add(similarity.swapped, true);
  return pairs;
}

/// All but the matrices.
void describe_frame(Report& report, const formats::Similarity& similarity, bool swapped) {
  report.fact("relations", std::uint64_t{similarity.relations.size()});
  report.fact("method", similarity.method);
  report.fact("combine", similarity.combine);
  report.fact("temperature", similarity.temperature);
  report.fact("orientations", swapped ? "same, inverse" : "same");
  report.fact("intervals", !similarity.divergence_error.empty());
  report.fact("thin_relations",
              static_cast<std::int64_t>(std::count(similarity.thin.begin(), similarity.thin.end(), 1)));
  report.facts("", similarity.details);
}

/// What one shard of a comparison wrote: there are no divergences yet.
void describe_part(Report& report, Input& input) {
  const auto part = formats::read_similarity_part(borrow(*input.source)).content;
  report.fact("part", part.description());
  report.fact("lanes", part.lanes_here());
  report.fact("lanes_of_all_parts", part.lanes);
  describe_frame(report, part.frame, part.queries > static_cast<std::int64_t>(part.frame.relations.size()));
}

}  // namespace

void describe_facts(Report& report, Input& input, const Options& options) {
  const auto facts = formats::read_facts(borrow(*input.source)).content;
  report.fact("entities", std::uint64_t{facts.entities.size()});
  report.fact("relations", std::uint64_t{facts.relations.size()});
  report.fact("triples", std::accumulate(facts.counts.begin(), facts.counts.end(), std::int64_t{0}));
  report.fact("triples_kept", std::uint64_t{facts.triples.size() / 3});
  report.facts("", facts.hyperparameters);
  report.facts("metrics.", facts.metrics);
  report.table("largest_relations", {{.name = "relation"}, {.name = "facts"}});
  const auto order = first_by(facts.relations.size(), rows_wanted(options, facts.relations.size()),
                              [&](std::size_t a, std::size_t b) { return facts.counts[a] > facts.counts[b]; });
  for (const auto i : order) report.row({facts.relations[i], facts.counts[i]});
}

void describe_similarity(Report& report, Input& input, const Outline& outline, const Options& options) {
  if (outline.documents.contains("similarity_part")) return describe_part(report, input);
  const auto similarity = formats::read_similarity(borrow(*input.source)).content;
  describe_frame(report, similarity, !similarity.swapped.empty());
  const auto pairs = pairs_of(similarity);
  report.table("closest_pairs", {{.name = "relation_a"},
                                 {.name = "relation_b"},
                                 {.name = "orientation"},
                                 {.name = "divergence_ab", .digits = 4},
                                 {.name = "divergence_ba", .digits = 4},
                                 {.name = "score", .digits = 4},
                                 {.name = "facts_a"},
                                 {.name = "facts_b"}});
  const auto order = first_by(pairs.size(), rows_wanted(options, pairs.size()),
                              [&](std::size_t a, std::size_t b) { return pairs[a].combined < pairs[b].combined; });
  for (const auto i : order) {
    const Pair& pair = pairs[i];
    report.row({similarity.relations[pair.a], similarity.relations[pair.b],
                std::string(pair.swapped ? "inverse" : "same"), pair.forward, pair.backward,
                std::exp(-pair.combined / similarity.temperature), similarity.counts[pair.a],
                similarity.counts[pair.b]});
  }
}

void describe_clusters(Report& report, Input& input, const Options& options) {
  const auto clusters = formats::read_clusters(borrow(*input.source)).content;
  const std::size_t count = clusters.representatives.size();
  std::vector<std::string> members(count);
  std::vector<std::int64_t> sizes(count);
  for (std::size_t i = 0; i < clusters.relations.size(); ++i) {
    const auto id = static_cast<std::size_t>(clusters.cluster[i]);
    ++sizes[id];
    if (static_cast<std::size_t>(clusters.representatives[id]) == i) continue;
    members[id] +=
        (members[id].empty() ? "" : ", ") + clusters.relations[i] + (clusters.swapped[i] != 0 ? " (inverse)" : "");
  }
  const auto merged =
      static_cast<std::size_t>(std::count_if(sizes.begin(), sizes.end(), [](std::int64_t size) { return size > 1; }));
  report.fact("relations", std::uint64_t{clusters.relations.size()});
  report.fact("clusters", std::uint64_t{count});
  report.fact("clusters_of_several", std::uint64_t{merged});
  report.fact("merges", std::uint64_t{clusters.merges.size()});
  report.fact("linkage", clusters.linkage);
  report.fact("threshold", clusters.threshold);
  report.table("largest_clusters",
               {{.name = "cluster"}, {.name = "relations"}, {.name = "representative"}, {.name = "others"}});
  const auto order =
      first_by(count, rows_wanted(options, merged), [&](std::size_t a, std::size_t b) { return sizes[a] > sizes[b]; });
  for (const auto id : order) {
    report.row({cell(std::uint64_t{id}), sizes[id],
                clusters.relations[static_cast<std::size_t>(clusters.representatives[id])], members[id]});
  }
}

void describe_kind(Report& report, Input& input, const Outline& outline, const Options& options) {
  switch (input.header.kind) {
    case formats::Kind::Profile:
      return describe_profile(report, input);
    case formats::Kind::Model:
      return describe_model(report, outline);
    case formats::Kind::Checkpoint:
      return describe_checkpoint(report, outline);
    case formats::Kind::Dump:
      return describe_dump(report, outline);
    case formats::Kind::Facts:
      return describe_facts(report, input, options);
    case formats::Kind::Similarity:
      return describe_similarity(report, input, outline, options);
    case formats::Kind::Clusters:
      return describe_clusters(report, input, options);
    case formats::Kind::Policy:
      return describe_policy(report, input);
  }
}

}  // namespace terse::tools::act_inspect
