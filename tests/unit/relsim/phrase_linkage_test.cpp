#include "terse/relsim/phrases/phrase_linkage.hpp"

#include <algorithm>
#include <numeric>

#include "terse/core/error.hpp"
#include "terse/core/parallel.hpp"
#include "terse/core/philox.hpp"
#include "terse_catch.hpp"

namespace terse::relsim {
namespace {

struct PhraseWorld {
  std::vector<std::string> entities, phrases;
  std::vector<Triple> triples;
  std::vector<std::int64_t> counts;
};

/// Phrases of two or three words out of a few, a fact or two each, between entities whose names are random letters.
PhraseWorld random_world(std::size_t phrases, std::uint64_t seed) {
  PhraseWorld world;
  core::RandomSequence random({seed, 0, 0});
  const auto below = [&](int n) { return static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(n))); };
  for (int e = 0; e < 60; ++e) {
    std::string name;
    for (int i = 0; i < 6; ++i) name += static_cast<char>('a' + below(8));
    world.entities.push_back(name);
  }
  const std::vector<std::string> words{"eat", "sell", "own", "found", "visit", "lead", "in", "of", "at", "was"};
  for (std::size_t p = 0; p < phrases; ++p) {
    std::string phrase;
    for (int i = 0; i < 2 + below(2); ++i) phrase += (i ? " " : "") + words[static_cast<std::size_t>(below(10))];
    world.phrases.push_back(phrase + " " + std::to_string(p % 7));
    const auto facts = 1 + below(2);
    for (int i = 0; i < facts; ++i) world.triples.push_back({below(60), static_cast<std::int32_t>(p), below(60)});
    world.counts.push_back(facts);
  }
  return world;
}

TEST_CASE("without holding any pair, phrases are linked as all pairs of them would be", "[redundancy][numeric]") {
  for (const std::uint64_t seed : {1, 2, 3}) {
    const auto world = random_world(150, seed);
    const PhraseKinds kinds(world.triples, world.entities, world.phrases);
    formats::Similarity original;
    original.relations = world.phrases;
    original.counts = world.counts;
    for (std::size_t p = 0; p < world.phrases.size(); ++p) original.thin.push_back(p % 10 == 0);
    for (const double threshold : {1 - kinds.at_random(), 0.7, 0.995}) {
      const ClusterOptions options{.threshold = threshold};
      const auto expected = cluster_relations(to_similarity(kinds, original), options);
      const auto found = cluster_phrases(kinds, world.phrases, world.counts, original.thin, options);
      REQUIRE(expected.merges.size() > 10);
      if (threshold > 0.99) {  // groups so large that what they have in common with others is listed
        const auto in_first = std::ranges::count(expected.cluster, expected.cluster[1]);
        CHECK(in_first >= 40);
      }
      REQUIRE(found.clusters.merges.size() == expected.merges.size());
      CHECK(found.clusters.cluster == expected.cluster);
      CHECK(found.clusters.representatives == expected.representatives);
      CHECK(found.clusters.threshold == expected.threshold);
      for (std::size_t i = 0; i < expected.merges.size(); ++i) {
        CHECK(found.clusters.merges[i].a == expected.merges[i].a);
        CHECK(found.clusters.merges[i].b == expected.merges[i].b);
        CHECK(found.clusters.merges[i].height == Approx(expected.merges[i].height).margin(1e-6));
        const auto& parts = found.parts[i];
        CHECK(std::accumulate(parts.begin(), parts.end(), 0.0) == Approx(1 - expected.merges[i].height).margin(1e-6));
      }
    }
  }
}

TEST_CASE("phrases are merged down to a count, the same for any number of threads", "[redundancy]") {
  const auto world = random_world(600, 4);
  const PhraseKinds kinds(world.triples, world.entities, world.phrases);
  ClusterOptions options;
  options.count = 25;
  std::vector<formats::Clusters> found;
  for (const int threads : {1, 3}) {
    core::set_threads(threads);
    found.push_back(cluster_phrases(kinds, world.phrases, world.counts, {}, options).clusters);
  }
  core::set_threads(0);
  CHECK(found[0].representatives.size() == 25);
  CHECK(found[0].cluster == found[1].cluster);
  CHECK(std::ranges::equal(found[0].merges, found[1].merges, {}, &formats::Merge::height, &formats::Merge::height));
  options.count = 0;
  CHECK_THROWS_AS(cluster_phrases(kinds, world.phrases, world.counts, {}, options), Error);
  options = {.linkage = Linkage::Single};
  CHECK_THROWS_AS(cluster_phrases(kinds, world.phrases, world.counts, {}, options), Error);
}

TEST_CASE("a phrase that has nothing in common with others stays alone", "[redundancy]") {
  const std::vector<std::string> entities{"aaaa", "bbbb", "cccc", "dddd", "eeee", "ffff"},
      phrases{"owns in", "own in", "hails at"};
  const std::vector<Triple> triples{{0, 0, 1}, {0, 1, 1}, {4, 2, 5}};
  const PhraseKinds kinds(triples, entities, phrases);
  const auto found = cluster_phrases(kinds, phrases, {1, 1, 1}, {}, {.threshold = 1}).clusters;
  CHECK(found.cluster[0] == found.cluster[1]);
  CHECK(found.representatives.size() == 2);
  ClusterOptions one;
  one.count = 1;
  CHECK_THROWS_AS(cluster_phrases(kinds, phrases, {1, 1, 1}, {}, one), Error);
}

}  // namespace
}  // namespace terse::relsim
