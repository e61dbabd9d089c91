#include "terse/relsim/evidence/explain.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace terse::relsim {
namespace {

std::vector<FactComparison::Pair> pairs_of(std::span<const Triple> triples, std::int32_t relation, bool swapped) {
  std::vector<FactComparison::Pair> pairs;
  for (const auto& t : triples) {
    if (t.relation != relation) continue;
    pairs.push_back(swapped ? FactComparison::Pair(t.tail, t.head) : FactComparison::Pair(t.head, t.tail));
  }
  std::sort(pairs.begin(), pairs.end());
  return pairs;
}

FactComparison compare(const std::vector<FactComparison::Pair>& a, const std::vector<FactComparison::Pair>& b,
                       bool swapped) {
  FactComparison result{swapped, {}, {}, {}};
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(result.shared));
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(result.only_a));
  std::set_difference(b.begin(), b.end(), a.begin(), a.end(), std::back_inserter(result.only_b));
  return result;
}

}  // namespace

FactComparison compare_facts(std::span<const Triple> triples, std::int32_t a, std::int32_t b) {
  const auto mine = pairs_of(triples, a, false);
  auto turned = compare(mine, pairs_of(triples, b, true), true);
  if (a == b) return turned;
  auto same = compare(mine, pairs_of(triples, b, false), false);
  return turned.shared.size() > same.shared.size() ? turned : same;
}

}  // namespace terse::relsim
