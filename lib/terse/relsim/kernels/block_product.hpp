#pragma once

#include <cstddef>

namespace terse::relsim {

/// out[i, j] = Σ_k a[i·a_row + k·a_depth] b[k·b_stride + j] for i < rows, k < depth, j < columns; `out_stride` lies
/// between rows of `out`. For blocks that stay in near caches: nothing is packed or copied. float32, compiled for every
/// SIMD target and chosen at run time (Highway). Each element is summed in order of k.
/// @param columns  a multiple of 16
void block_product(const float* a, std::size_t a_row, std::size_t a_depth, const float* b, std::size_t b_stride,
                   std::size_t rows, std::size_t depth, std::size_t columns, float* out, std::size_t out_stride);

}  // namespace terse::relsim
