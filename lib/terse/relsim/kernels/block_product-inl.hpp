// The inner product of blocks, for sources that Highway compiles once for each SIMD target: include it where highway.h
// is included, inside no namespace.
#if defined(TERSE_RELSIM_BLOCK_PRODUCT_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef TERSE_RELSIM_BLOCK_PRODUCT_INL
#undef TERSE_RELSIM_BLOCK_PRODUCT_INL
#else
#define TERSE_RELSIM_BLOCK_PRODUCT_INL
#endif

#include <cstddef>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace terse::relsim::HWY_NAMESPACE {

/// out[i·out_stride + j] = (add ? out : 0) + Σ_k a[i·a_row + k·a_depth] b[k·b_stride + j] for i < rows, k < depth,
/// j < columns. Each element is summed in order of k, whatever the blocks.
struct BlockProduct {
  const float* a;
  std::size_t a_row, a_depth;
  const float* b;
  std::size_t b_stride;
  float* out;
  std::size_t out_stride;
  std::size_t rows, depth, columns;  ///< columns: a multiple of 16
};

using BlockTag = hwy::HWY_NAMESPACE::CappedTag<float, 16>;  // vectors of a known length can be held in arrays
// Rows × vectors whose sums fill the registers, with room for one row of b and one value of a.
constexpr std::size_t kBlockRows = 6;
constexpr std::size_t kBlockVectors = HWY_MAX_BYTES >= 64 ? 4 : 2;

template <std::size_t R, std::size_t V, bool kAdd>
HWY_INLINE void product_tile(const BlockProduct& p, std::size_t i, std::size_t j) {
  namespace hn = hwy::HWY_NAMESPACE;
  const BlockTag d;
  const std::size_t lanes = hn::Lanes(d);
  float* HWY_RESTRICT out = p.out + i * p.out_stride + j;
  const float* HWY_RESTRICT a = p.a + i * p.a_row;
  const float* HWY_RESTRICT b = p.b + j;
  hn::Vec<BlockTag> sum[R][V];
  for (std::size_t r = 0; r < R; ++r) {
    for (std::size_t v = 0; v < V; ++v)
      sum[r][v] = kAdd ? hn::LoadU(d, out + r * p.out_stride + v * lanes) : hn::Zero(d);
  }
  for (std::size_t k = 0; k < p.depth; ++k) {
    hn::Vec<BlockTag> row[V];
    for (std::size_t v = 0; v < V; ++v) row[v] = hn::LoadU(d, b + k * p.b_stride + v * lanes);
    for (std::size_t r = 0; r < R; ++r) {
      const auto value = hn::Set(d, a[r * p.a_row + k * p.a_depth]);
      for (std::size_t v = 0; v < V; ++v) sum[r][v] = hn::MulAdd(value, row[v], sum[r][v]);
    }
  }
  for (std::size_t r = 0; r < R; ++r) {
    for (std::size_t v = 0; v < V; ++v) hn::StoreU(sum[r][v], d, out + r * p.out_stride + v * lanes);
  }
}

template <std::size_t R, bool kAdd>
HWY_INLINE void product_rows(const BlockProduct& p, std::size_t i) {
  const std::size_t lanes = hwy::HWY_NAMESPACE::Lanes(BlockTag());
  std::size_t j = 0;
  for (; j + kBlockVectors * lanes <= p.columns; j += kBlockVectors * lanes)
    product_tile<R, kBlockVectors, kAdd>(p, i, j);
  if (kBlockVectors > 3 && j + 3 * lanes <= p.columns) {
    product_tile<R, 3, kAdd>(p, i, j);
    j += 3 * lanes;
  }
  if (kBlockVectors > 2 && j + 2 * lanes <= p.columns) {
    product_tile<R, 2, kAdd>(p, i, j);
    j += 2 * lanes;
  }
  for (; j < p.columns; j += lanes) product_tile<R, 1, kAdd>(p, i, j);
}

template <bool kAdd>
void multiply_blocks(const BlockProduct& p) {
  std::size_t i = 0;
  for (; i + kBlockRows <= p.rows; i += kBlockRows) product_rows<kBlockRows, kAdd>(p, i);
  if (i + 3 <= p.rows) {
    product_rows<3, kAdd>(p, i);
    i += 3;
  }
  for (; i < p.rows; ++i) product_rows<1, kAdd>(p, i);
}

}  // namespace terse::relsim::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
