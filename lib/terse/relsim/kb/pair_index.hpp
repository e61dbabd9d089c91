#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "terse/relsim/kb/knowledge_base.hpp"

namespace terse::relsim {

/// Which relations hold between two entities, by hashing: O(1) a look-up. About 30 bytes a fact.
class PairIndex {
 public:
  PairIndex() = default;
  explicit PairIndex(std::span<const Triple> triples);

  /// Relations of facts from `head` to `tail`, ascending; empty where there are none.
  std::span<const std::int32_t> relations(std::int32_t head, std::int32_t tail) const;
  bool contains(const Triple& triple) const;

 private:
  std::size_t slot_of(std::uint64_t pair) const;

  std::vector<std::uint64_t> pairs_;  // head and tail, ascending
  std::vector<std::uint32_t> begin_;  // of each pair's relations; one more than pairs
  std::vector<std::int32_t> relations_;
  std::vector<std::uint32_t> slots_;  // 1 + index into pairs_, 0 where free; a power of two of them
};

}  // namespace terse::relsim
