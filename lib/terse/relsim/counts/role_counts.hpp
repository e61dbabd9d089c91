#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "terse/relsim/kb/knowledge_base.hpp"

namespace terse::relsim {

/// How often each relation has each entity as head or as tail, and P(e|q) from it, uniformly smoothed:
/// (count + smoothing) / (facts + smoothing·E). A query q is a relation r < R for its heads or R + r for its tails,
/// which are the heads of its inverse.
class RoleCounts {
 public:
  /// @param triples  distinct facts
  RoleCounts(std::span<const Triple> triples, std::int32_t entities, std::int32_t relations);

  std::int32_t relations() const { return static_cast<std::int32_t>((begin_.size() - 1) / 2); }
  std::int32_t entities() const { return entities_; }
  double facts(std::int32_t query) const;
  double count(std::int32_t query, std::int32_t entity) const;  ///< O(log facts)
  double probability(std::int32_t query, std::int32_t entity, double smoothing) const {
    return (count(query, entity) + smoothing) / (facts(query) + smoothing * entities_);
  }

 private:
  std::int32_t entities_;
  std::vector<std::size_t> begin_;    // [2R + 1] of each query's facts
  std::vector<std::int32_t> entity_;  // of each fact, ascending within a query
};

}  // namespace terse::relsim
