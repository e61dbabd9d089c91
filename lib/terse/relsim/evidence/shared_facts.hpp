#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "terse/relsim/counts/count_model.hpp"
#include "terse/relsim/evidence/fact_edges.hpp"
#include "terse/relsim/kb/knowledge_base.hpp"

namespace terse::relsim {

/// Pairs of entities that two relations both hold between.
struct SharedFacts {
  std::int32_t a = 0, b = 0;  ///< a <= b
  bool swapped = false;       ///< b holds from tail to head; for a = b, pairs in which a holds both ways
  std::int64_t shared = 0;    ///< how many, above 0
  double expected = 0;        ///< how many there would be if each relation's tails were shuffled among its heads
};

/// All pairs of relations that share any, in order. Work: facts that share their entities, squared, and facts of the
/// relations found.
/// @param counts  of the same triples
std::vector<SharedFacts> shared_facts(std::span<const Triple> triples, const FactEdges& edges,
                                      const CountModel& counts);

}  // namespace terse::relsim
