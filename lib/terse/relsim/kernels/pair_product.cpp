#include "terse/relsim/kernels/pair_product.hpp"

#include <bit>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "terse/relsim/kernels/pair_product.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace terse::relsim::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using PairTag = hn::CappedTag<float, 16>;
using WordTag = hn::RebindToUnsigned<PairTag>;
constexpr std::size_t kPairRows = 4;  // rows whose sums are held at once

template <std::size_t R>
void rows_by_floats(const PairProduct& p, std::size_t i, bool add) {
  const PairTag d;
  const WordTag du;
  const auto high_half = hn::Set(du, 0xffff0000u);
  const auto low_of = [&](auto words) { return hn::BitCast(d, hn::ShiftLeft<16>(words)); };
  const auto high_of = [&](auto words) { return hn::BitCast(d, hn::And(words, high_half)); };
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t j = 0; j < p.columns; j += lanes) {
    float* out = p.out + i * p.out_stride + j;
    hn::Vec<PairTag> sum[R];
    for (std::size_t r = 0; r < R; ++r) sum[r] = add ? hn::LoadU(d, out + r * p.out_stride) : hn::Zero(d);
    for (std::size_t k = 0; k < p.depth; ++k) {
      const auto words = hn::LoadU(du, p.b + k * p.b_stride + j);
      for (std::size_t r = 0; r < R; ++r) {
        const auto a = hn::Set(du, p.a[(i + r) * p.a_row + k * p.a_depth]);
        sum[r] = hn::MulAdd(high_of(a), high_of(words), sum[r]);
        sum[r] = hn::MulAdd(low_of(a), low_of(words), sum[r]);
      }
    }
    for (std::size_t r = 0; r < R; ++r) hn::StoreU(sum[r], d, out + r * p.out_stride);
  }
}

void PairsByFloats(const PairProduct& p, bool add) {
  std::size_t i = 0;
  for (; i + kPairRows <= p.rows; i += kPairRows) rows_by_floats<kPairRows>(p, i, add);
  for (; i < p.rows; ++i) rows_by_floats<1>(p, i, add);
}

void JoinPairs(const float* low, const float* high, std::size_t n, std::uint32_t* words) {
  const auto join = [&](auto d, std::size_t i) {
    const hn::RebindToUnsigned<decltype(d)> du;
    const auto rounded = [&](const float* from) {
      const auto bits = hn::BitCast(du, hn::LoadU(d, from + i));
      const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(du, 1));
      return hn::Add(bits, hn::Add(odd, hn::Set(du, 0x7fff)));
    };
    hn::StoreU(hn::Or(hn::ShiftRight<16>(rounded(low)), hn::And(rounded(high), hn::Set(du, 0xffff0000u))), du,
               words + i);
  };
  const PairTag d;
  const hn::CappedTag<float, 1> one;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) join(d, i);
  for (; i < n; ++i) join(one, i);
}

}  // namespace terse::relsim::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#if defined(__x86_64__) && defined(__GNUC__)
#define TERSE_PAIR_INSTRUCTIONS 1
#include <immintrin.h>
#else
#define TERSE_PAIR_INSTRUCTIONS 0
#endif

namespace terse::relsim {

HWY_EXPORT(PairsByFloats);
HWY_EXPORT(JoinPairs);

#if TERSE_PAIR_INSTRUCTIONS

// Highway 1.0 has no target with these instructions.
#define TERSE_PAIR_TARGET __attribute__((target("avx512f,avx512bf16")))

namespace {

constexpr std::size_t kTileRows = 6, kTileVectors = 4;  // sums that fill the registers, with room for operands
constexpr std::size_t kVector = 16;

template <std::size_t R, std::size_t V>
TERSE_PAIR_TARGET inline void pair_tile(const PairProduct& p, std::size_t i, std::size_t j, bool add) {
  float* out = p.out + i * p.out_stride + j;
  const std::uint32_t* a = p.a + i * p.a_row;
  const std::uint32_t* b = p.b + j;
  __m512 sum[R][V];
  for (std::size_t r = 0; r < R; ++r) {
    for (std::size_t v = 0; v < V; ++v) {
      sum[r][v] = add ? _mm512_loadu_ps(out + r * p.out_stride + v * kVector) : _mm512_setzero_ps();
    }
  }
  for (std::size_t k = 0; k < p.depth; ++k) {
    __m512bh row[V];
    // NOLINTNEXTLINE(modernize-avoid-c-style-cast): the same bits as another vector
    for (std::size_t v = 0; v < V; ++v) row[v] = (__m512bh)_mm512_loadu_si512(b + k * p.b_stride + v * kVector);
    for (std::size_t r = 0; r < R; ++r) {
      // NOLINTNEXTLINE(modernize-avoid-c-style-cast): the same bits as another vector
      const auto value = (__m512bh)_mm512_set1_epi32(static_cast<int>(a[r * p.a_row + k * p.a_depth]));
      for (std::size_t v = 0; v < V; ++v) sum[r][v] = _mm512_dpbf16_ps(sum[r][v], value, row[v]);
    }
  }
  for (std::size_t r = 0; r < R; ++r) {
    for (std::size_t v = 0; v < V; ++v) _mm512_storeu_ps(out + r * p.out_stride + v * kVector, sum[r][v]);
  }
}

template <std::size_t R>
TERSE_PAIR_TARGET void pair_rows(const PairProduct& p, std::size_t i, bool add) {
  std::size_t j = 0;
  for (; j + kTileVectors * kVector <= p.columns; j += kTileVectors * kVector) pair_tile<R, kTileVectors>(p, i, j, add);
  if (j + 3 * kVector <= p.columns) {
    pair_tile<R, 3>(p, i, j, add);
    j += 3 * kVector;
  }
  if (j + 2 * kVector <= p.columns) {
    pair_tile<R, 2>(p, i, j, add);
    j += 2 * kVector;
  }
  if (j < p.columns) pair_tile<R, 1>(p, i, j, add);
}

TERSE_PAIR_TARGET void pairs_natively(const PairProduct& p, bool add) {
  std::size_t i = 0;
  for (; i + kTileRows <= p.rows; i += kTileRows) pair_rows<kTileRows>(p, i, add);
  if (i + 3 <= p.rows) {
    pair_rows<3>(p, i, add);
    i += 3;
  }
  for (; i < p.rows; ++i) pair_rows<1>(p, i, add);
}

template <std::size_t R>
TERSE_PAIR_TARGET void quarters_of_rows(const PairProduct& p, std::size_t i) {
  const std::uint32_t* a = p.a + i * p.a_row;
  float* out = p.out + i * p.out_stride;
  const auto first = _mm512_set_epi32(3, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0);
  __m512 sum[R];
  for (std::size_t r = 0; r < R; ++r) sum[r] = _mm512_loadu_ps(out + r * p.out_stride);
  for (std::size_t k = 0; k < p.depth; k += kVector) {
    for (int q = 0; q < 4; ++q) {
      // NOLINTNEXTLINE(modernize-avoid-c-style-cast): the same bits as another vector
      const auto columns = (__m512bh)_mm512_loadu_si512(p.b + (k + 4 * static_cast<std::size_t>(q)) * 4);
      const auto place = _mm512_add_epi32(first, _mm512_set1_epi32(4 * q));
      for (std::size_t r = 0; r < R; ++r) {
        // Of every lane; the form without a mask warns of an uninitialised operand in GCC 12.
        const auto values = _mm512_maskz_permutexvar_epi32(0xffff, place, _mm512_loadu_si512(a + r * p.a_row + k));
        // NOLINTNEXTLINE(modernize-avoid-c-style-cast): the same bits as another vector
        sum[r] = _mm512_dpbf16_ps(sum[r], (__m512bh)values, columns);
      }
    }
  }
  for (std::size_t r = 0; r < R; ++r) _mm512_storeu_ps(out + r * p.out_stride, sum[r]);
}

TERSE_PAIR_TARGET void quarters_natively(const PairProduct& p) {
  std::size_t i = 0;
  for (; i + kTileRows <= p.rows; i += kTileRows) quarters_of_rows<kTileRows>(p, i);
  for (; i < p.rows; ++i) quarters_of_rows<1>(p, i);
}

}  // namespace

bool has_pair_instructions() {
  static const bool has = __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512f");
  return has;
}

void pair_product(const PairProduct& product, bool add) {
  has_pair_instructions() ? pairs_natively(product, add) : pair_product_by_floats(product, add);
}

void add_pair_quarters(const PairProduct& product) {
  has_pair_instructions() ? quarters_natively(product) : add_pair_quarters_by_floats(product);
}

#else

bool has_pair_instructions() { return false; }

void add_pair_quarters(const PairProduct& product) { add_pair_quarters_by_floats(product); }

void pair_product(const PairProduct& product, bool add) { pair_product_by_floats(product, add); }

#endif

void pair_product_by_floats(const PairProduct& product, bool add) { HWY_DYNAMIC_DISPATCH(PairsByFloats)(product, add); }

void add_pair_quarters_by_floats(const PairProduct& p) {
  const auto low = [](std::uint32_t word) { return std::bit_cast<float>(word << 16); };
  const auto high = [](std::uint32_t word) { return std::bit_cast<float>(word & 0xffff0000u); };
  for (std::size_t i = 0; i < p.rows; ++i) {
    for (std::size_t k = 0; k < p.depth; ++k) {
      const auto a = p.a[i * p.a_row + k];
      for (std::size_t j = 0; j < 4; ++j) {
        float& sum = p.out[i * p.out_stride + k % 4 * 4 + j];
        const auto b = p.b[k * 4 + j];
        sum += high(a) * high(b);
        sum += low(a) * low(b);
      }
    }
  }
}

void join_pairs(const float* low, const float* high, std::size_t n, std::uint32_t* words) {
  HWY_DYNAMIC_DISPATCH(JoinPairs)(low, high, n, words);
}

}  // namespace terse::relsim
#endif
