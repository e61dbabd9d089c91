#pragma once

#include <cstdint>

#include "terse/core/dtype.hpp"
#include "terse/quant/layout/layout.hpp"

namespace terse::quant {

struct AffineOptions {
  int bits = 4;               ///< 1 to 8: 2^bits grid points, unless `levels` says otherwise
  int levels = 0;             ///< number of grid points, 2..256; 0: 2^bits
  std::uint32_t group = 256;  ///< a multiple of 16
  /// Subtractive dither: the error is uniform in half a step to both sides whatever the element, of variance step²/12,
  /// where stochastic rounding has f(1-f) step², f the place between two grid points: half of it on average, for 16
  /// bytes a tensor and random numbers in decoding. Elements on the grid (a group's minimum) no longer come back
  /// exactly. Source: Schuchman, IEEE Trans. Commun. Technol. 1964; Lipshitz, Wannamaker & Vanderkooy, JAES 1992.
  bool dither = false;
};

/// What one pass over a tensor finds. Values are compared by their bits, so -0 and +0 are two and a NaN is
/// one.
struct Survey {
  std::uint64_t non_finite = 0;                           ///< NaN and infinite elements
  std::uint64_t zeros = 0;                                ///< elements equal to zero
  double minimum = 0, maximum = 0;                        ///< of the finite elements; 0 where there is none
  std::int64_t integer_minimum = 0, integer_maximum = 0;  ///< the same, exact, for integers and bools
  std::uint32_t distinct = 0;                             ///< 0, 1, 2 distinct values; 3 means more
  double values[2] = {0, 0};                              ///< the distinct values where distinct is 1 or 2
  bool offset = false;  ///< some groups lie far from zero compared with their range: 16-bit scales would be coarse
};
/// One pass over `x` ([count] elements, contiguous, host; not retained). Any dtype. O(n), threads do not
/// change it.
Survey survey(const void* x, std::uint64_t count, core::DType dtype);

/// The smallest lossless layout given x's survey: Constant, Mask, Integer; Raw where none is smaller than x
/// itself.
Layout lossless_layout(const Survey& survey, std::uint64_t count, core::DType dtype);

/// How Affine will store x: 16-bit scales where they cost no bias and next to no variance, float32 otherwise.
/// Raw where an element is NaN, infinite or beyond 2^124, or all are below 2^-100 (no finite normal step
/// exists), and where Affine would not be smaller than x itself.
/// @throws Error::Usage for options out of range or a dtype that is not floating
Layout affine_layout(const Survey& survey, std::uint64_t count, core::DType dtype, const AffineOptions& options);

/// The layout for the hot path, from a sample of a floating x (a few groups, spread evenly) instead of a
/// survey: Affine as affine_layout would say, without having looked for NaN (try_encode does); where the
/// sample holds two values or fewer, a full survey and the smallest layout by it, be it lossless or Affine.
Layout choose_layout(const void* x, std::uint64_t count, core::DType dtype, const AffineOptions& options);

/// Share of zeros in a sample of a few groups of x: whether Codec::Sparse pays.
double zero_share(const void* x, std::uint64_t count, core::DType dtype);

}  // namespace terse::quant
