#include "terse/relsim/phrases/phrase_kinds.hpp"

#include <cmath>

#include "terse/core/error.hpp"
#include "terse/core/parallel.hpp"
#include "terse/relsim/linkage/linkage.hpp"
#include "terse/relsim/phrases/phrase_linkage.hpp"
#include "terse/relsim/sparse/feature_rows.hpp"
#include "terse_catch.hpp"

namespace terse::relsim {
namespace {

SparseMatrix rare_features(const std::vector<std::vector<std::string>>& features) {
  FeatureRows rows(features.size());
  for (std::size_t row = 0; row < features.size(); ++row) {
    for (const auto& feature : features[row]) rows.add(row, feature);
  }
  return rows.by_rarity();
}

struct World {
  std::vector<std::string> entities, phrases;
  std::vector<Triple> triples;
  PhraseKinds kinds() const { return PhraseKinds(triples, entities, phrases); }
};

/// Twelve phrases, one or two facts each: six of people and firms, six of dishes and towns. Few words recur.
World world() {
  World world;
  world.entities = {"ann",  "bob",  "cid", "acme corp", "widget corp", "sprocket corp",
                    "soup", "stew", "pie", "oldtown",   "newtown",     "hightown"};
  world.phrases = {"is chairman of", "owns",     "was the head of", "left",    "has retired from", "founded",
                   "is eaten in",    "hails to", "is cooked at",    "pleases", "was invented in",  "is sold at"};
  for (std::int32_t p = 0; p < 12; ++p) {
    const std::int32_t first = p < 6 ? 0 : 6;
    world.triples.push_back({first + p % 3, p, first + 3 + p % 3});
    world.triples.push_back({first + p % 3, p, first + 3 + (p + 1) % 3});
  }
  return world;
}

TEST_CASE("features weigh by their rarity, once a row", "[redundancy]") {
  auto rows = rare_features({{"a", "b", "a"}, {"b"}, {}});
  REQUIRE(rows.begin == std::vector<std::size_t>{0, 2, 3, 3});
  CHECK(rows.value[0] == Approx(std::log(4.0)));
  CHECK(rows.value[1] == Approx(std::log(2.5)));
  const auto sums = sum_rows(rows, {{0, 1}, {2}});
  CHECK(sums.values_of(0)[1] == Approx(2 * std::log(2.5)));
  CHECK(sums.values_of(1).empty());
  scale_rows(std::span(&rows, 1), 2);
  CHECK(std::hypot(rows.value[0], rows.value[1]) == Approx(2));
  CHECK(rows.value[2] == Approx(2));
}

TEST_CASE("columns that many rows have are left out, and matrices stand side by side", "[redundancy]") {
  auto rows = rare_features({{"a", "b"}, {"b", "c"}, {"b"}});
  const auto both = side_by_side(std::vector{rows, rows});
  CHECK(both.columns == 6);
  CHECK(both.begin == std::vector<std::size_t>{0, 4, 8, 10});
  CHECK((both.column == std::vector<std::int32_t>{0, 1, 3, 4, 1, 2, 4, 5, 1, 4}));
  CHECK(both.values_of(2)[1] == rows.values_of(2)[0]);
  leave_out_common(rows, 2);
  CHECK(rows.begin == std::vector<std::size_t>{0, 1, 2, 2});
  CHECK((rows.column == std::vector<std::int32_t>{0, 2}));
  CHECK(rows.value[1] == Approx(std::log(4.0)));
}

TEST_CASE("phrases of one kind are grouped at a threshold that nobody chose", "[redundancy]") {
  const auto w = world();
  const auto kinds = w.kinds();
  formats::Similarity original;
  original.relations = w.phrases;
  original.counts.assign(12, 2);
  const auto clusters = cluster_relations(to_similarity(kinds, original), {.threshold = 1 - kinds.at_random()});
  REQUIRE(clusters.representatives.size() == 2);
  for (std::size_t p = 0; p < 12; ++p) CHECK(clusters.cluster[p] == clusters.cluster[p < 6 ? 0 : 6]);
}

TEST_CASE("the mean likeness of two phrases is that of all pairs", "[redundancy][numeric]") {
  const auto kinds = world().kinds();
  double all = 0;
  for (std::size_t a = 0; a < 12; ++a) {
    CHECK(kinds.likeness(a, a) == 1);
    for (std::size_t b = 0; b < 12; ++b) all += a == b ? 0 : kinds.likeness(a, b);
  }
  CHECK(kinds.at_random() == Approx(all / (12 * 11)).epsilon(1e-6));
}

TEST_CASE("the likeness has the same bytes for any number of threads and is symmetric", "[redundancy]") {
  const auto w = world();
  core::set_threads(1);
  const auto one = w.kinds();
  core::set_threads(3);
  const auto three = w.kinds();
  core::set_threads(0);
  for (std::size_t a = 0; a < 12; ++a) {
    for (std::size_t b = 0; b < 12; ++b) {
      CHECK(one.likeness(a, b) == three.likeness(a, b));
      CHECK(one.likeness(a, b) == one.likeness(b, a));
    }
  }
}

/// Founders and firms, said in active and in passive voice, and who surrounds whom, which is said both ways with the
/// same heads and tails.
World voices() {
  World world;
  world.entities = {"ann", "bob", "cid", "acme corp", "widget corp", "sprocket corp", "oldtown", "newtown"};
  world.phrases = {"founded",           "was founded by",   "surrounded",
                   "was surrounded by", "was sponsored by", "has not founded"};
  world.triples = {{0, 0, 3}, {1, 0, 4}, {3, 1, 0}, {5, 1, 2}, {6, 2, 7}, {6, 3, 7}, {4, 4, 5}, {0, 5, 4}};
  return world;
}

TEST_CASE("passive phrases are turned round where arguments do not speak against it", "[redundancy]") {
  const auto w = voices();
  const auto kinds = w.kinds();
  // Nobody says "sponsored" in active voice, and what surrounds is said with the same heads as what is surrounded.
  CHECK((kinds.turned() == std::vector<std::uint8_t>{0, 1, 0, 0, 0, 0}));
  const PhraseKinds as_they_stand(w.triples, w.entities, w.phrases, false);
  CHECK((as_they_stand.turned() == std::vector<std::uint8_t>(6, 0)));
  CHECK(kinds.likeness(0, 1) > as_they_stand.likeness(0, 1) + 0.2);
  formats::Similarity original;
  original.relations = w.phrases;
  original.counts = {2, 2, 1, 1, 1, 1};
  const auto similarity = to_similarity(kinds, original);
  CHECK(similarity.divergence[1] == 1);
  CHECK(similarity.swapped[1] == Approx(1 - kinds.likeness(0, 1)));
}

TEST_CASE("when and how surely something is said makes no other words of it", "[redundancy]") {
  World w;
  w.entities = {"ann", "bob", "cid", "acme", "widget", "sprocket"};
  w.phrases = {"is chairman of", "is currently chairman of", "is currently visiting"};
  w.triples = {{0, 0, 3}, {1, 1, 4}, {2, 2, 5}};
  const auto words = w.kinds().weighed(1);
  CHECK(words.likeness(0, 1) > 0.2);
  CHECK(words.likeness(1, 2) == 0);
}

TEST_CASE("what phrases are made of and the kinds of their tails are weighed against each other",
          "[redundancy][numeric]") {
  const auto kinds = world().kinds();
  const auto made_of = kinds.weighed(1), of_tails = kinds.weighed(0), mostly = kinds.weighed(0.75);
  double all = 0;
  for (std::size_t a = 0; a < 12; ++a) {
    for (std::size_t b = 0; b < a; ++b) {
      CHECK(kinds.likeness(a, b) == Approx((made_of.likeness(a, b) + of_tails.likeness(a, b)) / 2).margin(1e-6));
      CHECK(mostly.likeness(a, b) ==
            Approx(0.75 * made_of.likeness(a, b) + 0.25 * of_tails.likeness(a, b)).margin(1e-6));
      all += mostly.likeness(a, b) / (12 * 11 / 2);
    }
  }
  CHECK(mostly.at_random() == Approx(all).epsilon(1e-6));
}

TEST_CASE("a phrase and what denies it are of one kind but not of one cluster", "[redundancy]") {
  World w;
  w.entities = {"paris", "rome", "oslo", "france", "italy", "norway"};
  w.phrases = {"is located in", "is not located in", "lies in", "does not lie in"};
  w.triples = {{0, 0, 3}, {1, 0, 4}, {2, 1, 3}, {0, 1, 4}, {2, 2, 5}, {1, 2, 4}, {1, 3, 5}, {0, 3, 4}};
  const auto kinds = w.kinds();
  CHECK((kinds.negated() == std::vector<std::uint8_t>{0, 1, 0, 1}));
  CHECK(kinds.likeness(0, 1) > 0.3);
  const auto found = cluster_phrases(kinds, w.phrases, {2, 2, 2, 2}, {}, {.threshold = 0.99}).clusters;
  CHECK((found.cluster == std::vector<std::int32_t>{0, 1, 0, 1}));
  REQUIRE(found.merges.size() == 2);
  for (const auto& merge : found.merges) CHECK(merge.b == merge.a + 2);
  // One cluster fewer: what comes first is merged, its denial is left.
  ClusterOptions three;
  three.count = 3;
  CHECK(cluster_phrases(kinds, w.phrases, {2, 2, 2, 2}, {}, three).clusters.representatives.size() == 3);
  ClusterOptions one;
  one.count = 1;
  CHECK_THROWS_AS(cluster_phrases(kinds, w.phrases, {2, 2, 2, 2}, {}, one), Error);
}

}  // namespace
}  // namespace terse::relsim
