#pragma once

#include <cstdint>
#include <span>

#include "terse/relsim/kb/knowledge_base.hpp"
#include "terse/relsim/ranking/divergences.hpp"

namespace terse::relsim {

// Measures that divergences are set against. They take the place of divergences as 1 - similarity, from 0 to 1, and are
// the same in both directions.

/// 1 - |A ∩ B| / |A ∪ B|, A and B the pairs of head and tail that two relations hold between. Work: O(F log F) and the
/// square of the relations that share a pair, for each pair.
/// @param triples  distinct facts
Divergences jaccard_distances(std::span<const Triple> triples, std::int32_t relations);

/// 1 - cosine of two relations' profiles: how often each entity is head, and how often tail; turned round, heads stand
/// for tails. Work: the square of the relations that an entity takes part in, for each entity.
/// @param triples  distinct facts
Divergences profile_distances(std::span<const Triple> triples, std::int32_t entities, std::int32_t relations);

}  // namespace terse::relsim
