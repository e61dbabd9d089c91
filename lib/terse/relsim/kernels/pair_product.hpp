#pragma once

#include <cstddef>
#include <cstdint>

namespace terse::relsim {

/// What the factors of products are rounded to; sums are float32 at least.
enum class Rounding { None, Bfloat16 };

/// Products of blocks of bfloat16 numbers, summed in float32. Each word holds two numbers that follow each other in the
/// sum, the first in its low half: out[i, j] = Σ_k lo(a) lo(b) + hi(a) hi(b), a = a[i·a_row + k·a_depth] and
/// b = b[k·b_stride + j], for i < rows, k < depth, j < columns.
///
/// Twice as fast as block_product.hpp where the CPU multiplies such pairs (AVX512_BF16: Zen 4, Cooper Lake and later).
/// Each element is summed in order of k, the high halves' product first, with one rounding a term and denormals taken
/// for zero. Where threads flush denormals (compute_thread.hpp) other CPUs compute the same bits by float32 operations.
struct PairProduct {
  const std::uint32_t* a;
  std::size_t a_row, a_depth;
  const std::uint32_t* b;
  std::size_t b_stride;
  float* out;
  std::size_t out_stride;
  std::size_t rows, depth, columns;  ///< columns: a multiple of 16
};

/// Whether this CPU multiplies pairs itself.
bool has_pair_instructions();

/// @param add  to what `out` holds, else in its place
void pair_product(const PairProduct& product, bool add);
/// The same by float32 operations, on any CPU.
void pair_product_by_floats(const PairProduct& product, bool add);

/// The same for four columns, which fill a vector with the terms of every fourth k apart: out[i, 4 (k mod 4) + j] +=
/// Σ_k …. `product`'s depth a multiple of 16, its columns and b_stride 4, its a_depth 1.
void add_pair_quarters(const PairProduct& product);
void add_pair_quarters_by_floats(const PairProduct& product);

/// Words of low[i] and high[i], rounded to nearest even. `words` may be the memory of `low`.
void join_pairs(const float* low, const float* high, std::size_t n, std::uint32_t* words);

}  // namespace terse::relsim
