#include <algorithm>
#include <string>

#include "terse/core/error.hpp"
#include "terse/relsim/merging/divergence_merging.hpp"
#include "terse/relsim/merging/evidence_merging.hpp"
#include "terse/relsim/merging/pair_explanation.hpp"
#include "terse/relsim/merging/phrase_merging.hpp"
#include "terse_catch.hpp"

namespace terse::relsim {
namespace {

/// Four relations: 0 and 1 are near for certain, 2 and 3 by an estimate with a wide interval.
formats::Similarity two_pairs() {
  constexpr std::size_t n = 4;
  formats::Similarity similarity;
  similarity.relations = {"a", "b", "c", "d"};
  similarity.counts = {9, 8, 7, 3};
  similarity.method = "adaptive";
  similarity.divergence.assign(n * n, 9);
  similarity.divergence_error.assign(n * n, 0.01);
  for (std::size_t i = 0; i < n; ++i) similarity.divergence[i * n + i] = 0;
  similarity.divergence[0 * n + 1] = similarity.divergence[1 * n + 0] = 0.1;
  similarity.divergence[2 * n + 3] = similarity.divergence[3 * n + 2] = 0.2;
  similarity.divergence_error[2 * n + 3] = similarity.divergence_error[3 * n + 2] = 3;
  similarity.swapped.assign(n * n, 0.05);
  similarity.swapped_error.assign(n * n, 0.01);
  return similarity;
}

/// Books, written by authors and the other way round, and printed in towns.
StoredFacts library() {
  StoredFacts stored;
  stored.name = "kb.facts";
  stored.facts.relations = {"written_by", "writes", "printed_in"};
  stored.facts.counts = {40, 40, 40};
  for (std::int32_t i = 0; i < 40; ++i) stored.facts.entities.push_back("book" + std::to_string(i));
  for (std::int32_t i = 0; i < 9; ++i) stored.facts.entities.push_back("author" + std::to_string(i));
  for (std::int32_t i = 0; i < 4; ++i) stored.facts.entities.push_back("town" + std::to_string(i));
  for (std::int32_t i = 0; i < 40; ++i) {
    stored.triples.push_back({i, 0, 40 + i % 9});
    stored.triples.push_back({40 + i % 9, 1, i});
    stored.triples.push_back({i, 2, 49 + i % 4});
  }
  return stored;
}

std::vector<bool> has_reason(const MergedRelations& merged, ExclusionReason reason) {
  std::vector<bool> found;
  for (const auto one : merged.excluded) found.push_back(one == reason);
  return found;
}

}  // namespace

TEST_CASE("what merges at upper bounds is sure, and what an interval keeps apart is told", "[redundancy]") {
  DivergenceMerging how{.inverses = false};
  const auto estimated = merge_by_divergence(two_pairs(), how);
  CHECK(estimated.clusters.representatives.size() == 2);
  CHECK(!estimated.clusters_as_estimated);
  how.upper_bounds = true;
  const auto sure = merge_by_divergence(two_pairs(), how);
  CHECK(sure.clusters.representatives.size() == 3);
  CHECK(sure.clusters_as_estimated == 2);
  CHECK(has_reason(sure, ExclusionReason::IntervalTooWide) == std::vector<bool>{false, false, true, true});
  CHECK(sure.ranking.divergence[1] == Approx(0.11));
  how.clustering.count = 2;
  CHECK(!merge_by_divergence(two_pairs(), how).clusters_as_estimated);
}

TEST_CASE("relations as they stand, or turned round", "[redundancy]") {
  const auto turned = merge_by_divergence(two_pairs());
  REQUIRE(!turned.clusters.merges.empty());
  CHECK(turned.clusters.merges.front().swapped);
  const auto straight = merge_by_divergence(two_pairs(), {.inverses = false});
  CHECK(straight.ranking.swapped.empty());
  for (const auto& merge : straight.clusters.merges) CHECK(!merge.swapped);
}

TEST_CASE("relations with too few facts are left alone unless they are to be merged", "[redundancy]") {
  auto similarity = two_pairs();
  similarity.thin = {0, 0, 0, 1};
  DivergenceMerging how{.inverses = false};
  const auto merged = merge_by_divergence(similarity, how);
  CHECK(merged.clusters.representatives.size() == 3);
  CHECK(has_reason(merged, ExclusionReason::TooFewFacts) == std::vector<bool>{false, false, false, true});
  how.clustering.merge_thin = true;
  const auto all = merge_by_divergence(similarity, how);
  CHECK(all.clusters.representatives.size() == 2);
  CHECK(std::ranges::count(all.excluded, ExclusionReason::None) == 4);
}

TEST_CASE("evidence merges a relation with its inverse, and says why", "[redundancy]") {
  const auto facts = library();
  const auto relations = relations_of(facts);
  const auto merged = merge_by_evidence(relations, facts);
  REQUIRE(merged.clusters.merges.size() == 1);
  const auto& merge = merged.clusters.merges.front();
  CHECK(merge.swapped);
  CHECK(merge.reason.starts_with("inverse: "));
  CHECK(merge.reason.find("shared facts +") != std::string::npos);
  CHECK(merge.confidence >= 0.95);
  auto other = relations;
  other.relations[0] = "read_by";
  CHECK_THROWS_AS(merge_by_evidence(other, facts), Error);
}

TEST_CASE("an explanation comes to the verdict that merging does", "[redundancy]") {
  const auto facts = library();
  auto relations = relations_of(facts);
  const auto evidence = weigh_stored_facts(relations, facts);
  const auto verdict = [&](const char* a, const char* b, EvidenceMerging how = {}) {
    return explain_pair(evidence, relations, facts, a, b, how).verdict;
  };
  CHECK(verdict("writes", "written_by") == PairVerdict::Merged);
  CHECK(verdict("writes", "written_by", {.false_merges = 1e-9}) == PairVerdict::Unlikely);
  CHECK(verdict("writes", "written_by", {.inverses = false}) == PairVerdict::Unlikely);
  CHECK(verdict("writes", "printed_in") == PairVerdict::Unlikely);
  const auto pair = explain_pair(evidence, relations, facts, "writes", "written_by", {});
  CHECK(pair.swapped);
  CHECK(pair.facts.shared.size() == 40);
  CHECK(pair.needed == Approx(0.95));
  const auto itself = explain_pair(evidence, relations, facts, "writes", "writes", {});
  CHECK(itself.swapped);
  for (const auto& part : itself.parts) CHECK(part.swapped);
  CHECK_THROWS_AS(verdict("writes", "reads"), Error);
  relations.thin = {0, 1, 0};
  CHECK(verdict("writes", "written_by") == PairVerdict::TooFewFacts);
  CHECK(verdict("writes", "written_by", {.merge_thin = true}) == PairVerdict::Merged);
}

TEST_CASE("confidences of phrases are no chances where these cannot be learnt", "[redundancy]") {
  const auto facts = library();
  const auto voted = merge_phrases(relations_of(facts), facts, {.count = 2});
  CHECK(voted.confidence == PhraseConfidence::ShareOfGroupings);
  CHECK(voted.ranking.divergence.empty());
  const auto single = merge_phrases(relations_of(facts), facts, {.count = 2, .groupings = 1, .rank = true});
  CHECK(single.confidence == PhraseConfidence::Likeness);
  CHECK(single.ranking.divergence.size() == 9);
  CHECK_THROWS_AS(merge_phrases(relations_of(facts), facts, {.count = 2, .false_merges = 0.5}), Error);
}

}  // namespace terse::relsim
