#include "terse/relsim/phrases/phrase_chances.hpp"

#include <algorithm>
#include <cmath>

#include "terse/core/philox.hpp"
#include "terse/relsim/phrases/phrase_features.hpp"
#include "terse_catch.hpp"

namespace terse::relsim {
namespace {

struct Heads {
  std::vector<std::string> entities, phrases;
  std::vector<Triple> triples;
  std::vector<formats::Merge> merges;

  Heads() {
    for (int e = 0; e < 400; ++e) entities.push_back("e" + std::to_string(e));
  }
  std::int32_t add(const std::string& phrase, const std::vector<std::int32_t>& heads) {
    phrases.push_back(phrase);
    const auto id = static_cast<std::int32_t>(phrases.size()) - 1;
    for (const auto head : heads) triples.push_back({head, id, 200 + static_cast<std::int32_t>(triples.size()) % 200});
    return id;
  }
  std::vector<double> chances(const std::vector<std::uint8_t>& alone = {}) const {
    return chances_of_merges(triples, phrases, PhraseKinds(triples, entities, phrases), alone, merges);
  }
};

/// A word of letters that no stemmer takes anything off.
std::string word(int number) {
  std::string result = "zo";
  for (int i = 0; i < 5; ++i, number /= 7) result += std::string(1, "bdgkptx"[number % 7]) + "o";
  return result;
}

TEST_CASE("what phrases say leaves out adverbs, auxiliaries and articles", "[redundancy]") {
  CHECK(gist_of("was the founder of") == gist_of("is currently a founder of"));
  CHECK(gist_of("works for") == gist_of("does not work for"));
  CHECK(gist_of("works for") != gist_of("works in"));
  CHECK(gist_of("has been in").empty());
}

/// Of merges of two phrases each a share says the same, and these have the same head as often as phrases in the same
/// words.
Heads merges_of(std::uint64_t seed, const std::vector<double>& shares, int merges_each, int in_same_words = 400) {
  constexpr std::uint64_t kHeads = 50;
  constexpr double kSameHead = 0.4;
  core::RandomSequence random({seed, 0, 0});
  Heads heads;
  const auto uniform = [&] { return static_cast<double>(random.below(1'000'000)) / 1e6; };
  const auto any = [&] { return static_cast<std::int32_t>(random.below(kHeads)); };
  int words = 0;
  const auto pair = [&](double share, bool same_words) {
    const auto first = any();
    const auto second = uniform() < share && uniform() < kSameHead ? first : any();
    const auto a = heads.add("is " + word(words), {first});
    const auto b = heads.add("was the " + word(same_words ? words : words + 1), {second});
    words += 2;
    return std::pair(a, b);
  };
  for (int i = 0; i < in_same_words; ++i) pair(1, true);
  std::vector<std::pair<std::int32_t, std::int32_t>> pairs;
  double height = 0;
  for (const double share : shares) {
    for (int i = 0; i < merges_each; ++i) {
      const auto [a, b] = pair(share, false);
      heads.merges.push_back(
          {.a = a, .b = b, .height = height += 1e-4, .confidence = 0.5, .swapped = false, .reason = ""});
    }
  }
  return heads;
}

TEST_CASE("chances are the shares of merges that say the same", "[redundancy][numeric]") {
  for (const std::uint64_t seed : {1, 2, 3}) {
    constexpr int kEach = 1000;
    const std::vector<double> shares{0.6, 0.3, 0.1};
    const auto heads = merges_of(seed, shares, kEach, 2000);
    const auto chances = heads.chances();
    REQUIRE(chances.size() == shares.size() * kEach);
    CHECK(std::ranges::is_sorted(chances, std::greater<>()));
    for (std::size_t s = 0; s < shares.size(); ++s) {
      double mean = 0;
      for (std::size_t i = 0; i < kEach; ++i) mean += chances[s * kEach + i] / kEach;
      // Deviations: of the rate of 1000 merges, 0.0135 / 0.38, and of that of 2000 pairs in the same words, 0.011 / 0.4
      // · 0.6.
      CHECK(std::abs(mean - shares[s]) < 4 * 0.04);
    }
    CHECK(chances.front() <= kSurest);
    CHECK(chances[kEach / 2] > chances[2 * kEach + kEach / 2] + 0.3);
  }
}

TEST_CASE("chances are those of a regression by its definition", "[redundancy][numeric]") {
  for (const std::uint64_t seed : {5, 6}) {
    auto heads = merges_of(seed, {0.7, 0.3}, 12);
    // Groups of several phrases, with several facts each; heights are no order of merging.
    const auto leaves = static_cast<std::int32_t>(heads.phrases.size());
    core::RandomSequence random({seed, 1, 0});
    for (std::int32_t p = leaves - 48; p < leaves; ++p) {
      for (int i = 0; i < 3; ++i) heads.triples.push_back({static_cast<std::int32_t>(random.below(20)), p, 399 - i});
    }
    make_distinct(heads.triples);
    for (std::int32_t i = 0; i < 12; ++i)
      heads.merges.push_back({.a = leaves + i,
                              .b = leaves + 12 + i,
                              .height = 0.5 - i * 0.01,
                              .confidence = 0.5,
                              .swapped = false,
                              .reason = ""});
    const PhraseKinds kinds(heads.triples, heads.entities, heads.phrases);
    std::vector<std::vector<std::int32_t>> heads_of(heads.phrases.size());
    for (const auto& t : heads.triples) heads_of[static_cast<std::size_t>(t.relation)].push_back(t.head);
    const auto coincidence = [&](std::size_t a, std::size_t b) {
      double same = 0;
      for (const auto x : heads_of[a]) {
        for (const auto y : heads_of[b]) same += x == y;
      }
      return same / static_cast<double>(heads_of[a].size() * heads_of[b].size());
    };
    double alike = 0, alike_pairs = 0, all = 0, all_pairs = 0;
    for (std::size_t a = 0; a < heads.phrases.size(); ++a) {
      for (std::size_t b = 0; b < a; ++b) {
        all += coincidence(a, b), ++all_pairs;
        if (gist_of(heads.phrases[a]) == gist_of(heads.phrases[b])) alike += coincidence(a, b), ++alike_pairs;
      }
    }
    CHECK(alike_pairs == 400);
    std::vector<std::vector<std::size_t>> nodes;
    for (std::size_t p = 0; p < heads.phrases.size(); ++p) nodes.push_back({p});
    struct Rate {
      double height, same, pairs;
      std::size_t merge;
    };
    std::vector<Rate> rates;
    for (std::size_t m = 0; m < heads.merges.size(); ++m) {
      const auto a = nodes[static_cast<std::size_t>(heads.merges[m].a)],
                 b = nodes[static_cast<std::size_t>(heads.merges[m].b)];
      Rate rate{heads.merges[m].height, 0, static_cast<double>(a.size() * b.size()), m};
      for (const auto x : a) {
        for (const auto y : b) rate.same += coincidence(x, y);
      }
      rates.push_back(rate);
      nodes.push_back(a);
      nodes.back().insert(nodes.back().end(), b.begin(), b.end());
    }
    std::ranges::stable_sort(rates, {}, &Rate::height);
    const auto chances = heads.chances();
    REQUIRE(chances.size() == rates.size());
    for (std::size_t i = 0; i < rates.size(); ++i) {
      // The smallest over beginnings of the largest over ends of what lies between.
      double fitted = 1e9;
      for (std::size_t begin = 0; begin <= i; ++begin) {
        double same = 0, pairs = 0, largest = 0;
        for (std::size_t end = begin; end < rates.size(); ++end) {
          same += rates[end].same, pairs += rates[end].pairs;
          if (end >= i) largest = std::max(largest, same / pairs);
        }
        fitted = std::min(fitted, largest);
      }
      const double by_chance = all / all_pairs;
      const double expected = std::clamp((fitted - by_chance) / (alike / alike_pairs - by_chance), 0.0, kSurest);
      CHECK(chances[rates[i].merge] == Approx(expected).margin(1e-5));
    }
  }
}

TEST_CASE("without phrases in the same words there are no chances", "[redundancy]") {
  auto heads = merges_of(7, {0.5}, 20);
  CHECK(heads.chances().size() == 20);
  // Those in the same words take no part.
  std::vector<std::uint8_t> alone(heads.phrases.size());
  std::fill_n(alone.begin(), 800, 1);
  CHECK(heads.chances(alone).empty());
}

}  // namespace
}  // namespace terse::relsim
