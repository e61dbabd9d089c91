#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "terse/relsim/kb/vocabulary.hpp"

namespace terse::relsim {

/// One fact: the relation holds between head and tail. Ids of a KnowledgeBase's vocabularies.
struct Triple {
  std::int32_t head = 0, relation = 0, tail = 0;
  auto operator<=>(const Triple&) const = default;
};

/// A relation with fewer facts is thin: what is estimated of it is not to be trusted.
inline constexpr std::int64_t kLeastFacts = 5;

/// Facts over interned entities and relations.
struct KnowledgeBase {
  Vocabulary entities, relations;
  std::vector<Triple> triples;

  /// Facts of each relation, [R].
  std::vector<std::int64_t> relation_counts() const;
};

/// Sorts the facts and drops repeated ones. @return how many were dropped
std::size_t make_distinct(std::vector<Triple>& triples);

/// Splits `triples` at random into (kept, held out): each relation gives about `share` of its facts, never its last
/// one, so that every relation stays trainable. Depends on the facts and `seed` only.
/// @param share  in [0, 1)
std::pair<std::vector<Triple>, std::vector<Triple>> hold_out(std::span<const Triple> triples, double share,
                                                             std::uint64_t seed);

}  // namespace terse::relsim
