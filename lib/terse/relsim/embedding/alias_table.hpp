#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace terse::relsim {

/// Draws from a discrete distribution in O(1) (Walker's alias method, as Vose builds it, 1991).
class AliasTable {
 public:
  AliasTable() = default;
  /// @param weights  not negative; where all are zero, every draw is 0
  explicit AliasTable(std::span<const double> weights);

  /// From two independent uniform words.
  std::int32_t draw(std::uint32_t place, std::uint32_t height) const {
    const auto i = static_cast<std::size_t>(static_cast<std::uint64_t>(place) * threshold_.size() >> 32);
    return height < threshold_[i] ? static_cast<std::int32_t>(i) : alias_[i];
  }

 private:
  std::vector<std::uint64_t> threshold_;  // of 2^32: below it the place itself
  std::vector<std::int32_t> alias_;
};

}  // namespace terse::relsim
