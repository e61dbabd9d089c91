#include "terse/relsim/phrases/phrase_agreement.hpp"

#include <numeric>

#include "terse/core/parallel.hpp"
#include "terse/core/philox.hpp"
#include "terse_catch.hpp"

namespace terse::relsim {
namespace {

struct Sayings {
  std::vector<std::string> entities, phrases;
  std::vector<Triple> triples;
  std::vector<std::int64_t> counts;
  PhraseKinds kinds() const { return PhraseKinds(triples, entities, phrases); }
};

/// Phrases of two words out of a few, a fact or two each, between entities whose names are random letters.
Sayings random_sayings(std::size_t phrases, std::uint64_t seed) {
  Sayings sayings;
  core::RandomSequence random({seed, 0, 0});
  const auto below = [&](int n) { return static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(n))); };
  for (int e = 0; e < 40; ++e) {
    std::string name;
    for (int i = 0; i < 6; ++i) name += static_cast<char>('a' + below(8));
    sayings.entities.push_back(name);
  }
  const std::vector<std::string> words{"eat", "sell", "own", "found", "visit", "lead", "in", "of", "at", "not"};
  for (std::size_t p = 0; p < phrases; ++p) {
    sayings.phrases.push_back(words[static_cast<std::size_t>(below(10))] + " " +
                              words[static_cast<std::size_t>(below(10))] + " " + std::to_string(p % 7));
    const auto facts = 1 + below(2);
    for (int i = 0; i < facts; ++i) sayings.triples.push_back({below(40), static_cast<std::int32_t>(p), below(40)});
    sayings.counts.push_back(facts);
  }
  return sayings;
}

TEST_CASE("how alike phrases are is how many groupings have them together", "[redundancy][numeric]") {
  for (const std::uint64_t seed : {1, 2}) {
    const auto s = random_sayings(120, seed);
    const auto kinds = s.kinds();
    constexpr std::size_t kGroupings = 4;
    std::vector<formats::Clusters> groupings;
    for (const double share : {0.125, 0.375, 0.625, 0.875}) {
      const auto weighed = kinds.undenied().weighed(share);
      groupings.push_back(
          cluster_phrases(weighed, s.phrases, s.counts, {}, {.threshold = 1 - weighed.at_random()}).clusters);
    }
    const auto agreed = agreed_kinds(kinds, s.phrases, s.counts, {}, false, kGroupings);
    CHECK(agreed.negated() == kinds.negated());
    CHECK(agreed.turned() == kinds.turned());
    bool some_differ = false;
    for (std::size_t a = 0; a < 120; ++a) {
      for (std::size_t b = 0; b < a; ++b) {
        double votes = kinds.likeness(a, b);
        for (const auto& grouping : groupings) votes += grouping.cluster[a] == grouping.cluster[b];
        CHECK(agreed.likeness(a, b) == Approx(votes / (kGroupings + 1)).margin(1e-5));
        some_differ |= votes > 1 && votes < 3;
      }
    }
    CHECK(some_differ);
  }
}

TEST_CASE("phrases that are thin are left alone by groupings, too", "[redundancy]") {
  const auto s = random_sayings(60, 3);
  std::vector<std::uint8_t> thin(60);
  thin[5] = 1;
  const auto kinds = s.kinds();
  const auto agreed = agreed_kinds(kinds, s.phrases, s.counts, thin, false, 3);
  for (std::size_t p = 0; p < 60; ++p) {
    if (p != 5) CHECK(agreed.likeness(5, p) == Approx(kinds.likeness(5, p) / 4).margin(1e-6));
  }
}

TEST_CASE("agreement is the same for any number of threads", "[redundancy]") {
  const auto s = random_sayings(300, 4);
  std::vector<formats::Clusters> found;
  for (const int threads : {1, 3}) {
    core::set_threads(threads);
    const auto agreed = agreed_kinds(s.kinds(), s.phrases, s.counts, {}, false, 5);
    found.push_back(cluster_phrases(agreed, s.phrases, s.counts, {}, {.threshold = kMostAgree}).clusters);
  }
  core::set_threads(0);
  CHECK(found[0].representatives.size() < 150);
  CHECK(found[0].cluster == found[1].cluster);
  CHECK(found[0].merges == found[1].merges);
}

TEST_CASE("the parts of merges are the mean likeness of what they join", "[redundancy][numeric]") {
  const auto s = random_sayings(80, 5);
  const auto kinds = s.kinds();
  const auto merges = cluster_phrases(agreed_kinds(kinds, s.phrases, s.counts, {}, false, 4), s.phrases, s.counts, {},
                                      {.threshold = kMostAgree})
                          .clusters.merges;
  const auto parts = parts_of_merges(kinds, merges);
  REQUIRE(merges.size() > 10);
  REQUIRE(parts.size() == merges.size());
  std::vector<std::vector<std::size_t>> nodes;
  for (std::size_t p = 0; p < 80; ++p) nodes.push_back({p});
  for (std::size_t i = 0; i < merges.size(); ++i) {
    const auto a = nodes[static_cast<std::size_t>(merges[i].a)], b = nodes[static_cast<std::size_t>(merges[i].b)];
    double sum = 0;
    for (const auto x : a) {
      for (const auto y : b) sum += kinds.likeness(x, y);
    }
    CHECK(std::accumulate(parts[i].begin(), parts[i].end(), 0.0) ==
          Approx(sum / static_cast<double>(a.size() * b.size())).margin(1e-6));
    nodes.push_back(a);
    nodes.back().insert(nodes.back().end(), b.begin(), b.end());
  }
}

}  // namespace
}  // namespace terse::relsim
