#pragma once

#include <cstdint>

#include "terse/core/dtype.hpp"
#include "terse/quant/layout/layout.hpp"

namespace terse::quant {

struct AffineOptions {
  int bits = 4;               ///< 1 to 8: 2^bits grid points, unless `levels` says otherwise
  int levels = 0;             ///< number of grid points, 2..256; 0: 2^bits
  std::uint32_t group = 256;  ///< a multiple of 16
  /// Subtractive dither: decoding subtracts the random offset. The error is then uniform within half a step to both
  /// sides, of variance step²/12 for every element; stochastic rounding has f(1-f) step², f being the place between two
  /// grid points, which is twice as much on average. Costs 16 bytes per tensor and random numbers in decoding, and
  /// elements on the grid (a group's minimum) are no longer restored exactly.
  /// Source: Schuchman, IEEE Trans. Commun. Technol. 1964; Lipshitz, Wannamaker & Vanderkooy, JAES 1992.
  bool dither = false;
};

/// What one pass over a tensor finds. Distinct values are told apart by their bits: -0 and +0 are two values, a NaN is
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
/// @param x  [count] elements of any dtype, contiguous, host; not retained
/// The same for any number of threads. O(n).
Survey survey(const void* x, std::uint64_t count, core::DType dtype);

/// The smallest lossless layout of a tensor with this survey: Constant, Mask or Integer; Raw where none is smaller than
/// the tensor itself.
Layout lossless_layout(const Survey& survey, std::uint64_t count, core::DType dtype);

/// The Affine layout of a tensor with this survey: 16-bit scales where they cost no bias and next to no variance, else
/// float32.
/// Raw where an element is NaN, infinite or beyond 2^124, or all are below 2^-100 (no finite normal step
/// exists), and where Affine would not be smaller than the tensor itself.
/// @throws Error::Usage for options out of range or a dtype that is not floating
Layout affine_layout(const Survey& survey, std::uint64_t count, core::DType dtype, const AffineOptions& options);

/// The layout for the hot path. Looks at a sample of a floating x only (a few groups, spread evenly) and returns what
/// affine_layout would; try_encode looks for NaN. Where the sample holds at most two values, or x is small or not
/// floating, surveys all of x and returns the smallest layout, lossless or Affine.
Layout choose_layout(const void* x, std::uint64_t count, core::DType dtype, const AffineOptions& options);

/// Share of zeros in a sample of x; says whether Codec::Sparse pays.
double zero_share(const void* x, std::uint64_t count, core::DType dtype);

}  // namespace terse::quant
