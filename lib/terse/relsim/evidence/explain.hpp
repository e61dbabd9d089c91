#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "terse/relsim/kb/knowledge_base.hpp"

namespace terse::relsim {

/// The facts of two relations side by side, in the terms of the first: with `swapped`, facts of b are read from tail to
/// head. Each is a pair (head, tail), in ascending order.
struct FactComparison {
  using Pair = std::pair<std::int32_t, std::int32_t>;
  bool swapped = false;
  std::vector<Pair> shared, only_a, only_b;
};

/// In the orientation in which they share more; as they stand where that is equal. A relation with itself is turned
/// round.
FactComparison compare_facts(std::span<const Triple> triples, std::int32_t a, std::int32_t b);

}  // namespace terse::relsim
