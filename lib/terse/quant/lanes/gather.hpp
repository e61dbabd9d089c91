#pragma once

#include <cstddef>
#include <cstdint>

#include "terse/core/dtype.hpp"

namespace terse::quant {

/// Words of 64 bits, element e in bit e % 64 of word e / 64, name the elements that are gathered.

/// Bit: the floating x is not zero, -0 being zero. @return number of bits set
std::uint64_t pack_nonzero(core::DType dtype, const void* x, std::size_t count, std::byte* bits);

/// Bits set among the first `count` of a mask.
std::uint64_t count_set(const std::byte* bits, std::uint64_t count);

/// Room that gather() needs behind the last element that it writes.
inline constexpr std::size_t kGatherSlack = 64;

/// Writes the elements of [x, x + count) whose bit is set one after another.
/// @param x     elements of a floating dtype of 2 or 4 bytes
/// @param bits  of x[0] and on; count is a multiple of 64 unless the mask ends there
/// @param out   room for the elements and kGatherSlack more
/// @return      elements written
std::size_t gather(core::DType dtype, const void* x, std::size_t count, const std::byte* bits, void* out);

/// The inverse: out[e] = the next of `values` where bit e is set, 0 elsewhere. @return elements read
std::size_t scatter(core::DType dtype, const void* values, std::size_t count, const std::byte* bits, void* out);

}  // namespace terse::quant
