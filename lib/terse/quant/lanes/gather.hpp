#pragma once

#include <cstddef>
#include <cstdint>

#include "terse/core/dtype.hpp"

namespace terse::quant {

// A mask in 64-bit words says which elements are gathered: element e in bit e % 64 of word e / 64.

/// Sets the bits of the floating elements that are not zero; -0 is zero. @return number of bits set
std::uint64_t pack_nonzero(core::DType dtype, const void* x, std::size_t count, std::byte* bits);

/// Bits set among the first `count` of a mask.
std::uint64_t count_set(const std::byte* bits, std::uint64_t count);

/// Room that gather() needs behind the last element that it writes.
inline constexpr std::size_t kGatherSlack = 64;

/// Writes the elements of [x, x + count) whose bit is set one after another.
/// @param x     elements of a floating dtype of 2 or 4 bytes
/// @param bits  begins with the bit of x[0]; count is a multiple of 64 unless the mask ends there
/// @param out   room for the elements and kGatherSlack more
/// @return      elements written
std::size_t gather(core::DType dtype, const void* x, std::size_t count, const std::byte* bits, void* out);

/// The inverse: out[e] = the next of `values` where bit e is set, 0 elsewhere. @return elements read
std::size_t scatter(core::DType dtype, const void* values, std::size_t count, const std::byte* bits, void* out);

}  // namespace terse::quant
