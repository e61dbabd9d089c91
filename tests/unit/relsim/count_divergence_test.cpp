#include "terse/relsim/counts/count_divergence.hpp"

#include <cmath>

#include "terse/core/error.hpp"
#include "terse/core/parallel.hpp"
#include "terse/core/philox.hpp"
#include "terse/relsim/counts/count_baseline.hpp"
#include "terse_catch.hpp"

namespace terse::relsim {
namespace {

std::vector<Triple> random_facts(std::int32_t entities, std::int32_t relations, std::size_t count, std::uint64_t seed) {
  core::RandomSequence random({seed, core::stream_of("facts"), 0});
  std::vector<Triple> triples;
  for (std::size_t i = 0; i < count; ++i) {
    const auto draw = [&](std::int32_t bound) { return static_cast<std::int32_t>(random.below(bound)); };
    triples.push_back({draw(entities), draw(relations), draw(entities)});
  }
  make_distinct(triples);
  return triples;
}

/// P(h,t|r) by the formulas of count_model.hpp, every quantity counted anew.
double naive_probability(const std::vector<Triple>& triples, std::int32_t entities, double k, std::int32_t r,
                         bool turned, std::int32_t h, std::int32_t t) {
  double heads = 0, tails = 0, pair = 0, total = 0, base_h = 2, base_t = 2;
  for (const auto& fact : triples) {
    base_h += (fact.head == h) + (fact.tail == h);
    base_t += (fact.head == t) + (fact.tail == t);
    if (fact.relation != r) continue;
    const auto head = turned ? fact.tail : fact.head, tail = turned ? fact.head : fact.tail;
    ++total;
    heads += head == h;
    tails += tail == t;
    pair += head == h && tail == t;
  }
  const double mass = 2 * (static_cast<double>(triples.size()) + entities);
  const double p_t = (tails + k * base_t / mass) / (total + k);
  return (heads + k * base_h / mass) / (total + k) * (pair + k * p_t) / (heads + k);
}

TEST_CASE("counting divergences equal enumeration", "[counts]") {
  const std::int32_t entities = 13, relations = 4;
  for (const std::uint64_t seed : {1, 2, 3}) {
    for (const double k : {0.3, 1.0, 20.0}) {
      const auto triples = random_facts(entities, relations, 60, seed);
      const auto found = count_divergences(CountModel(triples, entities, relations, k));
      for (std::int32_t a = 0; a < relations; ++a) {
        for (std::int32_t b = 0; b < relations; ++b) {
          for (const bool turned : {false, true}) {
            double expected = 0;
            for (std::int32_t h = 0; h < entities; ++h) {
              for (std::int32_t t = 0; t < entities; ++t) {
                const double p = naive_probability(triples, entities, k, a, false, h, t);
                expected += p * std::log(p / naive_probability(triples, entities, k, b, turned, h, t));
              }
            }
            const auto& matrix = turned ? found.swapped : found.same;
            CHECK(matrix[static_cast<std::size_t>(a * relations + b)] == Approx(expected).margin(1e-12));
          }
        }
      }
    }
  }
}

TEST_CASE("counted probabilities sum to one and are those of the formula", "[counts]") {
  const auto triples = random_facts(9, 2, 40, 5);
  const CountModel model(triples, 9, 2, 0.7);
  for (std::int32_t q = 0; q < 4; ++q) {
    double sum = 0;
    for (std::int32_t h = 0; h < 9; ++h) {
      for (std::int32_t t = 0; t < 9; ++t) {
        const double p = std::exp(model.log_probability(q, h, t));
        CHECK(p == Approx(naive_probability(triples, 9, 0.7, q % 2, q >= 2, h, t)));
        sum += p;
      }
    }
    CHECK(sum == Approx(1));
  }
  CHECK_THROWS_AS(CountModel(triples, 9, 2, 0), Error);
}

TEST_CASE("relations with the same facts do not diverge, nor inverses once turned round", "[counts]") {
  std::vector<Triple> triples = random_facts(50, 1, 200, 8);
  const auto facts = triples.size();
  for (std::size_t i = 0; i < facts; ++i) {
    triples.push_back({triples[i].head, 1, triples[i].tail});
    triples.push_back({triples[i].tail, 2, triples[i].head});
  }
  make_distinct(triples);
  const auto found = count_divergences(CountModel(triples, 50, 3, 1));
  CHECK(found.same[1] < 1e-12);
  CHECK(found.same[2] > 1);
  CHECK(found.swapped[2] < 1e-12);
  CHECK(found.swapped[0] > 1);
}

TEST_CASE("counting divergences do not depend on the number of threads", "[counts]") {
  const CountModel model(random_facts(300, 20, 4000, 4), 300, 20, 1);
  std::vector<Divergences> results;
  for (const int threads : {1, 2, 3}) {
    core::set_threads(threads);
    results.push_back(count_divergences(model));
  }
  core::set_threads(0);
  for (const auto& result : results) {
    CHECK(result.same == results[0].same);
    CHECK(result.swapped == results[0].swapped);
  }
}

TEST_CASE("the counting baseline is at its best smoothing", "[counts]") {
  const auto triples = random_facts(20, 3, 150, 6), held_out = random_facts(20, 3, 40, 7);
  const auto baseline = count_baseline(triples, held_out, 20, 3);
  double best = INFINITY;
  for (int quarter = -12; quarter <= 4; ++quarter) {
    const double alpha = std::pow(10.0, quarter / 4.0);
    double nats = 0;
    for (const auto& fact : held_out) {
      double heads = 0, tails = 0, total = 0;
      for (const auto& t : triples) {
        if (t.relation != fact.relation) continue;
        ++total;
        heads += t.head == fact.head;
        tails += t.tail == fact.tail;
      }
      nats -= std::log((heads + alpha) / (total + 20 * alpha)) + std::log((tails + alpha) / (total + 20 * alpha));
    }
    best = std::min(best, nats / static_cast<double>(held_out.size()));
  }
  CHECK(baseline.nats == Approx(best));
  CHECK(baseline.uniform == Approx(2 * std::log(20.0)));
}

}  // namespace
}  // namespace terse::relsim
