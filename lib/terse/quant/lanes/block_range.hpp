#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace terse::quant {

/// What a pass over a short block of float32 finds. Extremes are of the finite elements, +∞ and -∞ where none
/// is.
struct BlockRange {
  float minimum, maximum;
  std::uint32_t zeros, non_finite;
};

BlockRange block_range(const float* x, std::size_t count);

}  // namespace terse::quant
