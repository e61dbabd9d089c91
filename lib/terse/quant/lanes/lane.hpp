#pragma once

#include <bit>
#include <cstdint>

#include "terse/quant/lanes/grid.hpp"

// The work of one lane of a codec, for the scalar target and for CUDA. The SIMD targets do the same operations in the
// same order on vectors, so that all give the same bits. Sources that include this are compiled without contraction of
// multiply and add (-ffp-contract=off, -fmad=false).
#ifdef __CUDACC__
#define TERSE_LANE __host__ __device__ inline
#else
#define TERSE_LANE inline
#endif
#ifdef __CUDA_ARCH__
#define TERSE_UNROLL _Pragma("unroll")
#else
#define TERSE_UNROLL
#endif

namespace terse::quant::lane {

TERSE_LANE std::uint32_t bits_of(float x) {
#ifdef __CUDA_ARCH__
  return __float_as_uint(x);
#else
  return std::bit_cast<std::uint32_t>(x);
#endif
}

TERSE_LANE float float_of(std::uint32_t bits) {
#ifdef __CUDA_ARCH__
  return __uint_as_float(bits);
#else
  return std::bit_cast<float>(bits);
#endif
}

// ---- Element types ----

TERSE_LANE float from_bfloat16(std::uint16_t x) { return float_of(static_cast<std::uint32_t>(x) << 16); }

/// Rounds to nearest even; NaN stays NaN.
TERSE_LANE std::uint16_t to_bfloat16(float x) {
  const std::uint32_t bits = bits_of(x);
  const std::uint32_t rounded = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
  const std::uint32_t nan = bits >> 16 | 0x40;
  return static_cast<std::uint16_t>((bits & 0x7FFFFFFF) > 0x7F800000 ? nan : rounded);
}

/// Exact. No step takes a denormal float, so flush-to-zero modes change nothing.
TERSE_LANE float from_float16(std::uint16_t x) {
  const std::uint32_t sign = static_cast<std::uint32_t>(x & 0x8000) << 16;
  const std::uint32_t magnitude = static_cast<std::uint32_t>(x & 0x7FFF) << 13;
  const std::uint32_t normal = magnitude + 0x38000000;  // rebias 15 → 127
  const std::uint32_t special = magnitude + 0x70000000;
  const std::uint32_t tiny = bits_of(float_of(magnitude + 0x38800000) - 0x1p-14f);
  const std::uint32_t value = magnitude < 0x00800000 ? tiny : magnitude >= 0x0F800000 ? special : normal;
  return float_of(sign | value);
}

/// Rounds to nearest even and saturates at ±65504: a finite float never becomes an infinity. Not for NaN.
TERSE_LANE std::uint16_t to_float16(float x) {
  const std::uint32_t sign = bits_of(x) & 0x80000000;
  std::uint32_t magnitude = bits_of(x) & 0x7FFFFFFF;
  magnitude = magnitude < 0x477FE000 ? magnitude : 0x477FE000;
  const std::uint32_t normal = (magnitude - 0x38000000 + 0xFFF + (magnitude >> 13 & 1)) >> 13;
  const std::uint32_t tiny = bits_of(float_of(magnitude) + 0.5f) - 0x3F000000;  // the adder rounds at 2^-24
  return static_cast<std::uint16_t>(sign >> 16 | (magnitude < 0x38800000 ? tiny : normal));
}

// ---- Random numbers ----

/// core::stream_words of a key: the constant part of each Philox4x32-10 block.
struct Stream {
  std::uint32_t key[2];
  std::uint32_t upper[2];
};
inline constexpr std::size_t kStreamBytes = sizeof(Stream);

inline constexpr std::uint32_t kPhiloxMultiplier0 = 0xD2511F53, kPhiloxMultiplier1 = 0xCD9E8D57;
inline constexpr std::uint32_t kPhiloxWeyl0 = 0x9E3779B9, kPhiloxWeyl1 = 0xBB67AE85;
inline constexpr int kPhiloxRounds = 10;

/// core::random_block. Source: Salmon et al., SC 2011.
TERSE_LANE void philox(const Stream& stream, std::uint64_t index, std::uint32_t out[4]) {
  auto c0 = static_cast<std::uint32_t>(index), c1 = static_cast<std::uint32_t>(index >> 32);
  std::uint32_t c2 = stream.upper[0], c3 = stream.upper[1], k0 = stream.key[0], k1 = stream.key[1];
  for (int round = 0; round < kPhiloxRounds; ++round) {
    const std::uint64_t p0 = static_cast<std::uint64_t>(kPhiloxMultiplier0) * c0;
    const std::uint64_t p1 = static_cast<std::uint64_t>(kPhiloxMultiplier1) * c2;
    c0 = static_cast<std::uint32_t>(p1 >> 32) ^ c1 ^ k0;
    c1 = static_cast<std::uint32_t>(p1);
    c2 = static_cast<std::uint32_t>(p0 >> 32) ^ c3 ^ k1;
    c3 = static_cast<std::uint32_t>(p0);
    k0 += kPhiloxWeyl0;
    k1 += kPhiloxWeyl1;
  }
  out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

/// Bits below the code's unit in a fixed-point code, and bits of a random offset.
inline constexpr int kFractionBits = 15;
inline constexpr float kFraction = 1 << kFractionBits;
inline constexpr float kMeanRemainder = (kFraction - 1) / 2;  ///< mean of what rounding down removes

/// Rows of a tile that a Philox block serves.
inline constexpr std::uint32_t kSetRows = 8;

/// Offset of row v of a tile: 15 bits of word (v % 8) / 2 of the Philox block of its set and lane.
TERSE_LANE std::uint32_t offset_of(const std::uint32_t block[4], std::uint32_t v) {
  const std::uint32_t word = block[v / 2 % 4];
  return v % 2 != 0 ? word >> (32 - kFractionBits) : word & ((1u << kFractionBits) - 1);
}

// ---- Affine ----

/// Magnitudes between which Affine works: no product or quotient leaves the normal floats, in any flush mode.
inline constexpr float kLargest = 0x1p124f, kSmallest = 0x1p-100f, kSmallestStep = 0x1p-108f;

struct Scale {
  float minimum, step;
};

/// Rounds towards minus infinity to 8 significant bits. |x| is normal or zero, and at most kLargest.
TERSE_LANE float bfloat16_below(float x) {
  const std::uint32_t bits = bits_of(x);
  const std::uint32_t carry = (bits & 0x80000000) != 0 ? 0xFFFF : 0;
  return float_of((bits + carry) & 0xFFFF0000);
}

/// Rounds a positive x up to 8 significant bits.
TERSE_LANE float bfloat16_above(float x) { return float_of((bits_of(x) + 0xFFFF) & 0xFFFF0000); }

/// The largest float at or below x.
TERSE_LANE float float_below(float x) { return x; }
TERSE_LANE float float_below(double x) {
  const auto nearest = static_cast<float>(x);
  if (static_cast<double>(nearest) <= x) return nearest;
  const std::uint32_t bits = bits_of(nearest);
  return nearest > 0 ? float_of(bits - 1) : nearest < 0 ? float_of(bits + 1) : float_of(0x80800000);
}

/// The scale of a group from its extremes (finite, within kLargest), widened outwards to what its storage can
/// hold, and the steps between them. `margin` of the range is added at both ends first. A minimum below the normal
/// floats counts as zero, and -0 becomes +0: its bits must not depend on the order of comparison or on flush modes.
template <class Real>
TERSE_LANE Scale make_scale(Real minimum, Real maximum, float steps, float margin, bool wide) {
  if (margin > 0) {
    const Real wider = static_cast<Real>(margin) * (maximum - minimum);
    minimum -= wider;
    maximum += wider;
  }
  Scale scale{};
  scale.minimum = float_below(minimum);
  if ((bits_of(scale.minimum) & 0x7FFFFFFF) < 0x00800000) scale.minimum = 0;
  if (!wide) scale.minimum = bfloat16_below(scale.minimum);
  const Real range = maximum - static_cast<Real>(scale.minimum);
  scale.step = static_cast<float>(range / static_cast<Real>(steps));
  scale.step = scale.step > kSmallestStep ? scale.step : kSmallestStep;
  if (!wide) scale.step = bfloat16_above(scale.step);
  return scale;
}

/// The factor that code_of takes.
template <class Real>
TERSE_LANE Real inverse_step(const Scale& scale) {
  return static_cast<Real>(kFraction) / static_cast<Real>(scale.step);
}

/// Code of x: its place in the group in fixed point, clamped at both ends, plus a random offset below one
/// unit, rounded down. Adding 2^23 leaves the rounded fixed-point number in the low bits of the float.
TERSE_LANE std::uint32_t code_of(float x, float minimum, float inverse, std::uint32_t levels, std::uint32_t offset) {
  const auto top = static_cast<float>((levels - 1) << kFractionBits);
  float place = (x - minimum) * inverse;
  place = place > 0.0f ? place : 0.0f;
  place = place < top ? place : top;
  return (bits_of(place + 0x1p23f) + offset) >> kFractionBits & 0xFF;
}

TERSE_LANE std::uint32_t code_of(double x, double minimum, double inverse, std::uint32_t levels, std::uint32_t offset) {
  const auto top = static_cast<double>((levels - 1) << kFractionBits);
  double place = (x - minimum) * inverse;
  place = place > 0.0 ? place : 0.0;
  place = place < top ? place : top;
  // place is not negative, and a call of lround for each element would be slow.
  return (static_cast<std::uint32_t>(place + 0.5) + offset) >> kFractionBits;  // NOLINT(bugprone-incorrect-roundings)
}

template <class Real>
TERSE_LANE Real value_of(std::uint32_t code, const Scale& scale) {
  return static_cast<Real>(code) * static_cast<Real>(scale.step) + static_cast<Real>(scale.minimum);
}

/// The scale that dithered_value_of takes: its step is that of the fixed point.
TERSE_LANE Scale decoding_scale(const Scale& scale, bool dithered) {
  return {scale.minimum, dithered ? scale.step * (1 / kFraction) : scale.step};
}

/// The value of a code without the offset that it was rounded with. The place is exact: below 2^23 and a half.
template <class Real>
TERSE_LANE Real dithered_value_of(std::uint32_t code, std::uint32_t offset, const Scale& scale) {
  const auto fixed = static_cast<std::int32_t>(code << kFractionBits) - static_cast<std::int32_t>(offset);
  const Real place = static_cast<Real>(fixed) + static_cast<Real>(kMeanRemainder);
  return place * static_cast<Real>(scale.step) + static_cast<Real>(scale.minimum);
}

/// Encodes lane j of a tile: `element(v)` is the lane's element of row v, `scale_at` gives its minimum and
/// inverse.
template <class Real, class Element, class ScaleAt>
TERSE_LANE void encode_lane(const Grid& grid, const Stream& stream, std::uint64_t tile, std::uint32_t j,
                            const Element& element, const ScaleAt& scale_at, std::uint32_t* words) {
  std::uint32_t word = 0, power = 1, codes = 0;
  for (std::uint32_t set = 0; set < grid.sets; ++set) {
    std::uint32_t block[4];
    Real elements[kSetRows];  // all asked for before the first is used: a GPU's memory is far away
    TERSE_UNROLL
    for (std::uint32_t row = 0; row < kSetRows; ++row) {
      if (set * kSetRows + row < grid.vectors()) elements[row] = element(set * kSetRows + row);
    }
    philox(stream, (tile * grid.sets + set) * kLanes + j, block);
    TERSE_UNROLL
    for (std::uint32_t row = 0; row < kSetRows; ++row) {
      const std::uint32_t v = set * kSetRows + row;
      if (v >= grid.vectors()) break;
      Real minimum, inverse;
      scale_at(v, minimum, inverse);
      word += power * code_of(elements[row], minimum, inverse, grid.levels, offset_of(block, row));
      power *= grid.radix;
      if (++codes == grid.per_word) {
        words[j] = word;
        words += kLanes;
        word = codes = 0;
        power = 1;
      }
    }
  }
}

/// Code number k of a word; k < per_word. Words of damaged files may hold a last digit that is too large.
TERSE_LANE std::uint32_t take_code(const Grid& grid, std::uint32_t& word, std::uint32_t k) {
  const std::uint32_t rest = grid.quotient(word);
  const std::uint32_t code = k + 1 < grid.per_word ? word - rest * grid.radix : word;
  word = rest;
  return code < grid.levels ? code : grid.levels - 1;
}

/// Decodes lane j of a tile: calls put(v, value) for each row; `scale_at` gives a row's decoding_scale.
/// @param dither  stream of the offsets to subtract, or nullptr
template <class Real, class ScaleAt, class Put>
TERSE_LANE void decode_lane(const Grid& grid, const Stream* dither, std::uint64_t tile, const std::uint32_t* words,
                            std::uint32_t j, const ScaleAt& scale_at, const Put& put) {
  std::uint32_t word = words[j], k = 0;
  for (std::uint32_t set = 0; set < grid.sets; ++set) {
    std::uint32_t block[4] = {0, 0, 0, 0};
    if (dither != nullptr) philox(*dither, (tile * grid.sets + set) * kLanes + j, block);
    TERSE_UNROLL
    for (std::uint32_t row = 0; row < kSetRows; ++row) {
      const std::uint32_t v = set * kSetRows + row;
      if (v >= grid.vectors()) break;
      if (k == grid.per_word) {
        words += kLanes;
        word = words[j];
        k = 0;
      }
      const std::uint32_t code = take_code(grid, word, k++);
      const Scale scale = scale_at(v);
      put(v, dither == nullptr ? value_of<Real>(code, scale)
                               : dithered_value_of<Real>(code, offset_of(block, row), scale));
    }
  }
}

}  // namespace terse::quant::lane
