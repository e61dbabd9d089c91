#include "terse/relsim/evidence/shared_facts.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "terse/core/parallel.hpp"

namespace terse::relsim {
namespace {

double count_of(const SparseCounts& counts, std::int32_t entity) {
  const auto at = std::lower_bound(counts.entity.begin(), counts.entity.end(), entity);
  return at != counts.entity.end() && *at == entity ? counts.count[static_cast<std::size_t>(at - counts.entity.begin())]
                                                    : 0;
}

/// Expected number of facts of `query` that relation a has, too, with a's tails shuffled.
double expected_by_chance(const CountModel& counts, std::int32_t a, std::int32_t query) {
  const auto &heads = counts.heads(a), &tails = counts.tails(a);
  const auto& others = counts.heads(query);
  double sum = 0;
  for (std::size_t i = 0; i < others.entity.size(); ++i) {
    const double as_head = count_of(heads, others.entity[i]);
    if (as_head == 0) continue;
    double as_tail = 0;
    for (const auto tail : counts.tails_of(query, i)) as_tail += count_of(tails, tail);
    sum += as_head * as_tail;
  }
  return sum / heads.total;
}

}  // namespace

std::vector<SharedFacts> shared_facts(std::span<const Triple> triples, const FactEdges& edges,
                                      const CountModel& counts) {
  std::map<std::tuple<std::int32_t, std::int32_t, bool>, std::int64_t> found;
  for (std::size_t e = 0; e < edges.count(); ++e) {
    const auto facts = edges.facts(e);
    for (std::size_t i = 0; i < facts.size(); ++i) {
      for (std::size_t j = i + 1; j < facts.size(); ++j) {
        const auto &x = triples[static_cast<std::size_t>(facts[i])], &y = triples[static_cast<std::size_t>(facts[j])];
        const auto a = std::min(x.relation, y.relation), b = std::max(x.relation, y.relation);
        ++found[{a, b, x.head != y.head}];
        if (x.head == x.tail) ++found[{a, b, true}];  // a loop reads the same both ways
      }
    }
  }
  std::vector<SharedFacts> result;
  for (const auto& [key, shared] : found) {
    const auto [a, b, swapped] = key;
    result.push_back({.a = a, .b = b, .swapped = swapped, .shared = shared, .expected = 0});
  }
  core::parallel_for(result.size(), 16, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      auto& pair = result[i];
      const double expected = expected_by_chance(counts, pair.a, pair.swapped ? counts.inverse(pair.b) : pair.b);
      pair.expected = pair.a == pair.b ? expected / 2 : expected;
    }
  });
  return result;
}

}  // namespace terse::relsim
