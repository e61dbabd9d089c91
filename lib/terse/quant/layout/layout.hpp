#pragma once

#include <cstdint>
#include <string_view>

#include "terse/core/dtype.hpp"

namespace terse::quant {

struct Grid;

/// How a tensor's elements are stored. The names are written to files and never change.
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
/// @throws Error::BadInput for a name that no codec has
Codec codec_from_string(std::string_view name);

/// What decoding gives back.
enum class Fidelity : std::uint8_t {
  Exact,     ///< every element, bit for bit
  Unbiased,  ///< every element rounded at random, right on average
  Partial,   ///< less than the elements: what the backward pass of one operator needs of them
};
Fidelity fidelity_of(Codec codec);

/// What a decoder must know besides the bytes: stored next to them. Fields that name codecs mean nothing for others.
struct Layout {
  Codec codec = Codec::Raw;
  core::DType dtype = core::DType::Float32;  ///< of the original elements
  std::uint64_t count = 0;                   ///< elements
  std::uint16_t levels = 16;                 ///< Affine, Sparse: number of grid points, 2..256
  std::uint8_t bits = 4;                     ///< bits of one code; Integer: 0..64
  bool wide_scales = false;                  ///< Affine, Sparse: (minimum, step) as float32 instead of bfloat16
  std::uint32_t group = 256;                 ///< Affine, Sparse: elements that share a minimum and a step; 16 n
  std::uint64_t kept = 0;                    ///< Sparse: elements that are not zero
  bool dithered = false;  ///< Affine, Sparse: decoding subtracts the random offset that rounding added
  bool fields = false;    ///< Affine, Sparse: each code in a field of `bits` bits, 2, 4 or 8, for entropy.hpp; else
                          ///< as many codes in a word as fit
  // The next two serve encoding only; a decoder does not need them.
  float steps = 0;       ///< Affine, Sparse: steps in a group's range, between levels - 2 and levels - 1; 0: levels - 1
  bool centred = false;  ///< Affine, Sparse: surplus grid length is split between both ends; else the grid begins at
                         ///< the minimum, which is restored exactly

  bool operator==(const Layout&) const = default;
};

/// Exact sizes of the two output buffers of a layout, in bytes.
/// @throws Error::BadInput where a field is out of its codec's range or the codec is unknown
std::uint64_t payload_bytes(const Layout& layout);
std::uint64_t metadata_bytes(const Layout& layout);

/// Bits of a code among `levels`, 2 to 256.
unsigned code_bits(unsigned levels);
/// Grid of an Affine or Sparse layout, as the kernels take it (lanes/grid.hpp).
Grid grid_of(const Layout& layout);

// Codec::Sparse. Its payload begins with a mask in whole 64-bit words: bit e % 64 of word e / 64 says that element e is
// not zero.

/// Whether Sparse takes elements of this dtype: float32, float16, bfloat16.
bool has_sparse_form(core::DType dtype);
/// Bytes of the mask.
std::uint64_t mask_bytes(std::uint64_t count);
/// The Sparse layout of a tensor with `kept` elements that are not zero, stored on the grid of an Affine layout.
Layout sparse_layout(const Layout& affine, std::uint64_t kept);

}  // namespace terse::quant
