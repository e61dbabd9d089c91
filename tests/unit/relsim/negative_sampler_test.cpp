#include "terse/relsim/embedding/negative_sampler.hpp"

#include <algorithm>
#include <cmath>

#include "terse/core/error.hpp"
#include "terse_catch.hpp"

namespace terse::relsim {
namespace {

constexpr std::size_t kDraws = 40'000;

/// How often each relation replaces that of `fact`.
std::vector<double> relation_shares(const NegativeSampler& sampler, const Triple& fact, std::size_t relations) {
  const auto key = core::stream_words({7, 11, 1});
  std::vector<Triple> drawn;
  for (std::uint64_t i = 0; i < kDraws; ++i) sampler.draw(fact, key, i, drawn);
  REQUIRE(drawn.size() == kDraws);
  std::vector<double> shares(relations);
  for (const auto& t : drawn) {
    CHECK(t.head == fact.head);
    CHECK(t.tail == fact.tail);
    shares[static_cast<std::size_t>(t.relation)] += 1 / static_cast<double>(kDraws);
  }
  return shares;
}

void check_share(double found, double expected) {
  CHECK(std::abs(found - expected) <= 4 * std::sqrt(expected * (1 - expected) / kDraws));
}

TEST_CASE("an alias table draws in proportion to its weights", "[relsim]") {
  const std::vector<double> weights{0, 1, 2.5, 0.25, 0, 6.25};
  const AliasTable table(weights);
  core::RandomSequence random({3, 5, 0});
  std::vector<double> shares(weights.size());
  for (std::size_t i = 0; i < kDraws; ++i) {
    const auto place = random.word();
    shares[static_cast<std::size_t>(table.draw(place, random.word()))] += 1 / static_cast<double>(kDraws);
  }
  for (std::size_t i = 0; i < weights.size(); ++i) check_share(shares[i], weights[i] / 10);
}

TEST_CASE("uniform relations leave out those that hold", "[relsim]") {
  const std::vector<Triple> facts{{0, 1, 2}, {0, 3, 2}, {1, 0, 2}};
  const NegativeSampler sampler(facts, 4, 5, {});
  const auto shares = relation_shares(sampler, facts[0], 5);
  for (const std::size_t r : {0u, 2u, 4u}) check_share(shares[r], 1.0 / 3);
  CHECK(shares[1] == 0);
  CHECK(shares[3] == 0);
}

TEST_CASE("similarity-aware relations come in proportion to exp(-D/τ)", "[relsim]") {
  const std::vector<Triple> facts{{0, 1, 2}, {0, 3, 2}};
  std::vector<double> divergences(25, 9);
  const double row[] = {2, 0, 5, 1, INFINITY};
  std::copy(std::begin(row), std::end(row), divergences.begin() + 5);
  NegativeOptions options;
  options.draw = Draw::Similarity;
  NegativeSampler sampler(facts, 4, 5, options, divergences);
  for (const double tau : {1.0, 4.0}) {
    sampler.set_temperature(tau);
    const auto shares = relation_shares(sampler, facts[0], 5);
    const double near = 1 / (1 + std::exp(-3 / tau));  // relation 3 holds and relation 4 is infinitely far
    check_share(shares[0], near);
    check_share(shares[2], 1 - near);
    CHECK(shares[1] + shares[3] + shares[4] == 0);
  }
  // At so low a temperature only the nearest relation is drawn, and it holds.
  sampler.set_temperature(1e-3);
  std::vector<Triple> drawn;
  sampler.draw(facts[0], core::stream_words({7, 11, 1}), 0, drawn);
  CHECK(drawn.empty());
}

TEST_CASE("Bernoulli replaces the side with more choices less often", "[relsim]") {
  // One head with four tails: 4 tails a head, 1 head a tail.
  std::vector<Triple> facts;
  for (std::int32_t t = 1; t <= 4; ++t) facts.push_back({0, 0, t});
  NegativeOptions options;
  options.corrupt = Corrupt::Entities;
  options.draw = Draw::Bernoulli;
  const NegativeSampler sampler(facts, 1000, 1, options);
  const auto key = core::stream_words({7, 11, 1});
  std::vector<Triple> drawn;
  for (std::uint64_t i = 0; i < kDraws; ++i) sampler.draw(facts[0], key, i, drawn);
  double heads = 0;
  for (const auto& t : drawn) {
    CHECK_FALSE(sampler.known().contains(t));
    CHECK((t.head == 0) != (t.tail == 1));
    heads += t.head != 0;
  }
  // A replaced tail hits a fact in 4 of 1000 draws, a replaced head in 1.
  CHECK(heads / static_cast<double>(drawn.size()) == Approx(0.8).margin(4 * std::sqrt(0.16 / kDraws) + 0.002));
}

TEST_CASE("what a fact gets depends on key and number alone", "[relsim]") {
  const std::vector<Triple> facts{{0, 1, 2}, {0, 3, 2}};
  NegativeOptions options;
  options.corrupt = Corrupt::Both;
  options.count = 5;
  const NegativeSampler sampler(facts, 100, 50, options);
  const auto draw = [&](std::uint64_t seed, std::uint64_t number) {
    std::vector<Triple> drawn;
    sampler.draw(facts[0], core::stream_words({seed, 1, 1}), number, drawn);
    return drawn;
  };
  CHECK((draw(1, 0) == draw(1, 0)));
  CHECK((draw(1, 0) != draw(1, 1)));
  CHECK((draw(1, 0) != draw(2, 0)));
  CHECK(draw(1, 0).size() == 5);
}

TEST_CASE("where every relation holds there is no negative", "[relsim]") {
  const std::vector<Triple> facts{{0, 0, 1}, {0, 1, 1}};
  const NegativeSampler sampler(facts, 2, 2, {});
  std::vector<Triple> drawn;
  sampler.draw(facts[0], core::stream_words({1, 1, 1}), 0, drawn);
  CHECK(drawn.empty());
}

TEST_CASE("negatives that make no sense are refused", "[relsim]") {
  const std::vector<Triple> facts{{0, 0, 1}};
  NegativeOptions options;
  CHECK_THROWS_AS(NegativeSampler(facts, 2, 1, options), Error);
  options.draw = Draw::Bernoulli;
  CHECK_THROWS_AS(NegativeSampler(facts, 2, 2, options), Error);
  options.draw = Draw::Similarity;
  CHECK_THROWS_AS(NegativeSampler(facts, 2, 2, options), Error);
  options.draw = Draw::Uniform;
  options.count = 0;
  CHECK_THROWS_AS(NegativeSampler(facts, 2, 2, options), Error);
}

}  // namespace
}  // namespace terse::relsim
