#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace terse::relsim {

/// Says how likely each relation is between two entities.
class RelationScorer {
 public:
  virtual ~RelationScorer() = default;
  /// Scores of all relations r for (head, r, tails[i]); the higher, the likelier. Thread-safe.
  /// @param scores  [tails, R]
  virtual void score(std::int32_t head, std::span<const std::int32_t> tails, std::span<double> scores) const = 0;
  virtual std::int32_t relations() const = 0;
};

}  // namespace terse::relsim
