#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "terse/core/dtype.hpp"

namespace terse::quant {

struct Grid;

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

/// Bits of a code among `levels`, 2 to 256.
unsigned code_bits(unsigned levels);
/// Grid of an Affine or Sparse layout, as the kernels take it (lanes/grid.hpp).
Grid grid_of(const Layout& layout);

/// For Codec::Sparse, which pays where many elements are zero. Its payload begins with a mask of whole 64-bit words,
/// bit e % 64 of word e / 64 for element e.
///
/// Whether the dtype has a Sparse form: float32, float16, bfloat16.
bool has_sparse_form(core::DType dtype);
/// Bytes of the mask.
std::uint64_t mask_bytes(std::uint64_t count);
/// An Affine layout with `kept` elements that are not zero as Sparse.
Layout sparse_layout(const Layout& affine, std::uint64_t kept);

}  // namespace terse::quant
