#pragma once

#include <cstddef>

#include "terse/core/dtype.hpp"

namespace terse::quant {

// One bit per element: element e in bit e % 8 of byte e / 8. A run may begin at any multiple of 64 elements.

/// Bit: x equals values[1]. @param values  two elements of dtype
/// @return false where an element equals neither value
bool pack_mask(core::DType dtype, const void* x, std::size_t count, const void* values, std::byte* bits);
/// Bit: x > 0.
/// @return false where an element is NaN, which is neither
bool pack_sign(core::DType dtype, const void* x, std::size_t count, std::byte* bits);
/// out = values[bit].
void unpack_bits(core::DType dtype, const std::byte* bits, std::size_t count, const void* values, void* out);

}  // namespace terse::quant
