#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "terse/relsim/kb/knowledge_base.hpp"

namespace terse::relsim {

/// Facts between the same two entities, whichever is the head.
class FactEdges {
 public:
  /// @param triples  retained by reference
  explicit FactEdges(std::span<const Triple> triples);

  std::size_t count() const { return begin_.size() - 1; }
  /// Indices of the facts of edge `i`, ascending.
  std::span<const std::int32_t> facts(std::size_t i) const {
    return std::span(order_).subspan(begin_[i], begin_[i + 1] - begin_[i]);
  }
  /// Indices of all facts between head and tail of fact `fact`, itself among them.
  std::span<const std::int32_t> beside(std::size_t fact) const { return facts(edge_[fact]); }

 private:
  std::vector<std::int32_t> order_;
  std::vector<std::size_t> begin_;
  std::vector<std::uint32_t> edge_;
};

}  // namespace terse::relsim
