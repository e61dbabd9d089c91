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
  Raw = 0,       ///< as they are
  Affine = 1,    ///< groups of (minimum, step), codes of b bits, stochastic rounding; unbiased
  Mask = 2,      ///< two distinct values, 1 bit an element; lossless
  Integer = 3,   ///< integers (or bools) minus their minimum at the true width; lossless
  Sign = 4,      ///< x > 0, 1 bit an element: all that ReLU's backward needs
  Constant = 5,  ///< one value for all elements; lossless
  Sparse = 6,    ///< zeros as a mask of 1 bit an element, the others as a tensor of their own by Affine; unbiased
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
  std::uint32_t group = 256;                 ///< Affine: elements that share a minimum and a step; a multiple of 16
  std::uint64_t kept = 0;                    ///< Sparse: elements that are not zero
  bool dithered = false;                     ///< Affine, Sparse: decoding takes the random offset of rounding off again
  bool fields = false;   ///< Affine, Sparse: codes in fields of `bits`, 2, 4 or 8, for entropy.hpp; else packed as
                         ///< densely as their number allows
  float steps = 0;       ///< Affine, Sparse, for encoding alone: steps that a group's range is divided into, between
                         ///< levels - 2 and levels - 1; 0: levels - 1
  bool centred = false;  ///< Affine, Sparse, for encoding alone: what the grid is longer than the range goes to both of
                         ///< its ends alike; else the grid begins at the minimum, which comes back as it is
};

/// Exact sizes of the two output buffers of a layout, in bytes. @throws Error::BadInput where a size
/// overflows
std::uint64_t payload_bytes(const Layout& layout);
std::uint64_t metadata_bytes(const Layout& layout);

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

/// For Codec::Sparse, which pays where many elements are zero. Its payload begins with a mask of whole 64-bit words,
/// bit e % 64 of word e / 64 for element e.
///
/// Share of zeros in a sample of a few groups.
double zero_share(const void* x, std::uint64_t count, core::DType dtype);
/// Whether the dtype has a Sparse form: float32, float16, bfloat16.
bool has_sparse_form(core::DType dtype);
/// Bytes of the mask.
std::uint64_t mask_bytes(std::uint64_t count);
/// Writes the mask of the elements that are not zero. @param mask  mask_bytes(count) @return their number
std::uint64_t mask_nonzero(const void* x, std::uint64_t count, core::DType dtype, std::span<std::byte> mask);
/// Bits set in a mask of `count` elements.
std::uint64_t count_kept(std::span<const std::byte> mask, std::uint64_t count);
/// An Affine layout with `kept` elements that are not zero as Sparse.
Layout sparse_layout(const Layout& affine, std::uint64_t kept);
/// try_encode for Sparse where the mask is in its place in the payload. Elements outside the mask are taken as zero,
/// whatever they are.
[[nodiscard]] bool try_encode_masked(const void* x, const Layout& layout, const core::RandomKey& key,
                                     std::span<std::byte> payload, std::span<std::byte> metadata);

/// Encodes `x` into buffers of exactly payload_bytes(layout) and metadata_bytes(layout).
/// @param x    [layout.count] elements of layout.dtype, contiguous, host; not retained
/// @param key  random stream of Affine; same key, same bytes, for any thread count and SIMD target
/// @return     false where x does not fit the layout (Affine: an element is NaN, infinite or beyond 2^124, or all are
///             below 2^-100; Sparse: the same, or another number of zeros; Sign: an element is NaN; Mask, Constant,
///             Integer: another value turns up): the buffers' content is then void, and survey tells why. One pass
///             over x, so choose_layout and try_encode are all that the hot path needs:
///                 Layout layout = choose_layout(x, n, dtype, options);
///                 … allocate …
///                 if (!try_encode(x, layout, key, payload, metadata)) keep x raw, count survey(x,
///                 …).non_finite
/// @throws Error::Usage where buffer sizes do not fit the layout
/// Unbiased for Affine: E[decode] = x to within 2^-16 of a step and the rounding of the element type
/// (choosing among 2^15 equally likely offsets and rounding once on the way back). O(n), thread-safe. Source:
/// GACT (ICML 2022) section 3; differs in clamping at both ends.
[[nodiscard]] bool try_encode(const void* x, const Layout& layout, const core::RandomKey& key,
                              std::span<std::byte> payload, std::span<std::byte> metadata);

/// try_encode for an x that is known to fit. @throws Error::BadInput where it does not
void encode(const void* x, const Layout& layout, const core::RandomKey& key, std::span<std::byte> payload,
            std::span<std::byte> metadata);

/// Inverse of encode into `out`, [layout.count] elements of layout.dtype. Codes beyond `levels` are clamped,
/// so damaged bytes give wrong numbers, never an access out of bounds.
/// @throws Error::BadInput where buffer sizes do not fit the layout
void decode(const Layout& layout, std::span<const std::byte> payload, std::span<const std::byte> metadata, void* out);

/// Name of the SIMD target in use: "AVX3", "AVX2", "SCALAR" …
std::string_view simd_target();

}  // namespace terse::quant
