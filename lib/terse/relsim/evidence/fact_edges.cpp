#include "terse/relsim/evidence/fact_edges.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace terse::relsim {

FactEdges::FactEdges(std::span<const Triple> triples) : order_(triples.size()), edge_(triples.size()) {
  const auto ends = [&](std::int32_t f) {
    const auto& t = triples[static_cast<std::size_t>(f)];
    return std::pair(std::min(t.head, t.tail), std::max(t.head, t.tail));
  };
  std::iota(order_.begin(), order_.end(), 0);
  std::sort(order_.begin(), order_.end(),
            [&](std::int32_t x, std::int32_t y) { return std::pair(ends(x), x) < std::pair(ends(y), y); });
  for (std::size_t i = 0; i < order_.size(); ++i) {
    if (i == 0 || ends(order_[i]) != ends(order_[i - 1])) begin_.push_back(i);
    edge_[static_cast<std::size_t>(order_[i])] = static_cast<std::uint32_t>(begin_.size() - 1);
  }
  begin_.push_back(order_.size());
}

}  // namespace terse::relsim
