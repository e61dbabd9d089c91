#pragma once

#include <cstddef>
#include <cstdint>

namespace terse::quant {

/// What a pass over a short block of float32 finds. The extremes are those of the finite elements; +∞ and -∞ where
/// there is none.
struct BlockRange {
  float minimum, maximum;
  std::uint32_t zeros, non_finite;
};

BlockRange block_range(const float* x, std::size_t count);

}  // namespace terse::quant
