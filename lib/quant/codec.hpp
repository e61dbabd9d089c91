#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "terse/core/dtype.hpp"
#include "terse/core/philox.hpp"

namespace terse::quant {

/// How a tensor's elements are stored. The values are written to files and never change.
enum class Codec : std::uint8_t {
  Raw = 0,      ///< as they are
  Affine = 1,   ///< groups of (minimum, step), codes of b bits, stochastic rounding; unbiased
  Mask = 2,     ///< two distinct values, 1 bit an element; lossless
  Integer = 3,  ///< integers (or bools) minus their minimum at the true width; lossless
  Sign = 4,     ///< x > 0, 1 bit an element: all that ReLU's backward needs
  Constant = 5, ///< one value for all elements; lossless
};

std::string_view to_string(Codec codec);

/// What a decoder must know besides the bytes: stored next to them.
struct Layout {
  Codec codec = Codec::Raw;
  core::DType dtype = core::DType::Float32;  ///< of the original elements
  std::uint64_t count = 0;                   ///< elements
  std::uint16_t levels = 16;                 ///< Affine: number of grid points, 2..256
  std::uint8_t bits = 4;                     ///< bits of one code; Integer: 0..64
  bool wide_scales = false;                  ///< Affine: (minimum, step) as 2 x float32 instead of 2 x bfloat16
  std::uint32_t group = 256;                 ///< Affine: elements that share a minimum and a step
};

/// Exact sizes of the two output buffers of a layout, in bytes. @throws Error::BadInput where a size overflows
std::uint64_t payload_bytes(const Layout& layout);
std::uint64_t metadata_bytes(const Layout& layout);

struct AffineOptions {
  int bits = 4;                ///< 1, 2, 4, 8 (or with levels ≠ 0 any width that holds them)
  int levels = 0;              ///< 0: 2^bits
  std::uint32_t group = 256;   ///< a multiple of 8
};

/// Looks at `x` and says how Affine will store it: chooses 16-bit scales where the range and magnitude allow it
/// without bias, float32 otherwise; Raw where an element is NaN or infinite or no finite step exists.
/// @param x      [n] elements of a floating `dtype`, contiguous, host; not retained
/// @param range  set to minimum and maximum over all elements where not null (NaN ignored)
struct Survey {
  std::uint64_t non_finite = 0;
  std::uint64_t zeros = 0;
  double minimum = 0, maximum = 0;   ///< of the finite elements
  std::uint32_t distinct = 0;        ///< 0, 1, 2 distinct values; 3 means more
  double values[2] = {0, 0};         ///< the distinct values where distinct ≤ 2
};
/// One pass over `x`; stops counting distinct values at 3. Any dtype. O(n), threads do not change it.
Survey survey(const void* x, std::uint64_t count, core::DType dtype);

/// Lossless layout for x if one smaller than raw exists given its survey: Constant, Mask, Integer; Raw otherwise.
Layout lossless_layout(const Survey& survey, std::uint64_t count, core::DType dtype);
/// Layout of Affine for x; codec is Raw where the survey found non-finite elements.
Layout affine_layout(const Survey& survey, std::uint64_t count, core::DType dtype, const AffineOptions& options);

/// Encodes `x` into buffers of exactly payload_bytes(layout) and metadata_bytes(layout).
/// @param x    [layout.count] elements of layout.dtype, contiguous, host; not retained
/// @param key  random stream of Affine; same key, same bytes, for any thread count and SIMD target
/// Unbiased for Affine: E[decode] = x. O(n), thread-safe.
/// Source: GACT (ICML 2022) section 3; differs in clamping at both ends.
void encode(const void* x, const Layout& layout, const core::RandomKey& key, std::span<std::byte> payload,
            std::span<std::byte> metadata);

/// Inverse of encode into `out`, [layout.count] elements of layout.dtype. Codes beyond `levels` are clamped, so
/// damaged bytes give wrong numbers, never an access out of bounds.
/// @throws Error::BadInput where buffer sizes do not fit the layout
void decode(const Layout& layout, std::span<const std::byte> payload, std::span<const std::byte> metadata, void* out);

/// Name of the SIMD target in use: "AVX3", "AVX2", "SCALAR" …
std::string_view simd_target();

}  // namespace terse::quant
