#include "terse/relsim/facts/transe.hpp"

#include <cmath>

#include "terse_catch.hpp"

namespace terse::relsim {
namespace {

/// A row of `n` places: relation k leads from each place to the one k + 1 further.
std::vector<Triple> line(std::int32_t n, std::int32_t relations) {
  std::vector<Triple> triples;
  for (std::int32_t r = 0; r < relations; ++r) {
    for (std::int32_t i = 0; i + r + 1 < n; ++i) triples.push_back({i, r, i + r + 1});
  }
  return triples;
}

TEST_CASE("TransE brings tails of facts close to head plus relation", "[relsim]") {
  const auto triples = line(40, 3);
  TransEOptions options;
  options.dim = 32;
  options.epochs = 300;
  const auto vectors = train_transe(triples, 40, 3, options);
  const auto distance = [&](std::int32_t h, std::int32_t r, std::int32_t t) {
    double squares = 0;
    for (std::size_t i = 0; i < 32; ++i) {
      const auto at = [&](const auto& table, std::int32_t id) { return table[static_cast<std::size_t>(id) * 32 + i]; };
      squares += std::pow(at(vectors.entity, h) + at(vectors.relation, r) - at(vectors.entity, t), 2);
    }
    return std::sqrt(squares);
  };
  double rank = 0;
  for (const auto& t : triples) {
    const double fact = distance(t.head, t.relation, t.tail);
    for (std::int32_t e = 0; e < 40; ++e) rank += distance(t.head, t.relation, e) < fact;
  }
  CHECK(rank / static_cast<double>(triples.size()) < 5);  // by chance 19.5
  for (std::size_t e = 0; e < 40; ++e) {
    double squares = 0;
    for (std::size_t i = 0; i < 32; ++i) squares += std::pow(vectors.entity[e * 32 + i], 2);
    CHECK(squares <= 1 + 1e-5);
  }
}

TEST_CASE("TransE depends on its seed alone", "[relsim]") {
  TransEOptions options;
  options.dim = 8;
  options.epochs = 3;
  const auto a = train_transe(line(10, 2), 10, 2, options), b = train_transe(line(10, 2), 10, 2, options);
  options.seed = 1;
  const auto c = train_transe(line(10, 2), 10, 2, options);
  CHECK(a.entity == b.entity);
  CHECK(a.entity != c.entity);
}

}  // namespace
}  // namespace terse::relsim
