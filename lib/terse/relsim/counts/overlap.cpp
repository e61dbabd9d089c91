#include "terse/relsim/counts/overlap.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace terse::relsim {
namespace {

std::size_t index_of(std::int32_t id) { return static_cast<std::size_t>(id); }

/// 1 - similarity for every pair of relations, of which none is apart from itself.
template <class Similarity>
Divergences distances(std::int32_t relations, const Similarity& similarity) {
  const auto n = index_of(relations);
  Divergences result;
  for (const bool turned : {false, true}) {
    auto& into = turned ? result.swapped : result.same;
    into.resize(n * n);
    for (std::size_t i = 0; i < n * n; ++i) {
      into[i] = !turned && i / n == i % n ? 0 : std::clamp(1 - similarity(i / n, i % n, turned), 0.0, 1.0);
    }
  }
  return result;
}

}  // namespace

Divergences jaccard_distances(std::span<const Triple> triples, std::int32_t relations) {
  std::vector<Triple> by_pair(triples.begin(), triples.end());
  const auto before = [](const Triple& x, const Triple& y) {
    return std::pair(x.head, x.tail) < std::pair(y.head, y.tail);
  };
  std::sort(by_pair.begin(), by_pair.end(), before);
  const auto n = index_of(relations);
  std::vector<double> facts(n), shared[2];
  for (auto& counts : shared) counts.resize(n * n);
  for (auto begin = by_pair.begin(); begin != by_pair.end();) {
    const auto end = std::upper_bound(begin, by_pair.end(), *begin, before);
    const auto turned = std::equal_range(by_pair.begin(), by_pair.end(), Triple{begin->tail, 0, begin->head}, before);
    for (auto a = begin; a != end; ++a) {
      ++facts[index_of(a->relation)];
      auto* row = &shared[0][index_of(a->relation) * n];
      for (auto b = begin; b != end; ++b) ++row[index_of(b->relation)];
      row = &shared[1][index_of(a->relation) * n];
      for (auto b = turned.first; b != turned.second; ++b) ++row[index_of(b->relation)];
    }
    begin = end;
  }
  return distances(relations, [&](std::size_t a, std::size_t b, bool turned) {
    const double both = shared[turned][a * n + b], either = facts[a] + facts[b] - both;
    return either > 0 ? both / either : 0;
  });
}

Divergences profile_distances(std::span<const Triple> triples, std::int32_t entities, std::int32_t relations) {
  // How often a relation has an entity as head and as tail.
  struct Roles {
    std::int32_t relation;
    double head = 0, tail = 0;
  };
  std::vector<std::vector<Roles>> profiles(index_of(entities));
  std::vector<Triple> by_relation(triples.begin(), triples.end());
  std::sort(by_relation.begin(), by_relation.end(),
            [](const Triple& x, const Triple& y) { return x.relation < y.relation; });
  for (const auto& t : by_relation) {
    const auto roles = [&](std::int32_t entity) -> Roles& {
      auto& all = profiles[index_of(entity)];
      if (all.empty() || all.back().relation != t.relation) all.push_back({t.relation});
      return all.back();
    };
    ++roles(t.head).head;
    ++roles(t.tail).tail;
  }
  const auto n = index_of(relations);
  std::vector<double> products[2];
  for (auto& sums : products) sums.resize(n * n);
  for (const auto& profile : profiles) {
    for (const auto& a : profile) {
      for (const auto& b : profile) {
        const auto at = index_of(a.relation) * n + index_of(b.relation);
        products[0][at] += a.head * b.head + a.tail * b.tail;
        products[1][at] += a.head * b.tail + a.tail * b.head;
      }
    }
  }
  return distances(relations, [&](std::size_t a, std::size_t b, bool turned) {
    const double lengths = std::sqrt(products[0][a * n + a] * products[0][b * n + b]);
    return lengths > 0 ? products[turned][a * n + b] / lengths : 0;
  });
}

}  // namespace terse::relsim
