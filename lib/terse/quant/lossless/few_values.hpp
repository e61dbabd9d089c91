#pragma once

#include <cstddef>

#include "terse/quant/layout/layout.hpp"

// Codecs of tensors that take one value (Constant) or two (Mask), or of which the sign is enough (Sign). Bit e % 8 of
// payload byte e / 8 is element e. The caller has checked the buffers' sizes.

namespace terse::quant {

/// Metadata: the value. @return false where another value occurs
bool encode_constant(const void* x, const Layout& layout, std::byte* metadata);
void decode_constant(const Layout& layout, const std::byte* metadata, void* out);

/// Metadata: the two values in the order of their first occurrence; the bit says which. Values are compared by their
/// bits. @return false where a third value occurs
bool encode_mask(const void* x, const Layout& layout, std::byte* payload, std::byte* metadata);
void decode_mask(const Layout& layout, const std::byte* payload, const std::byte* metadata, void* out);

/// The bit says whether x > 0; decoding gives 1 and 0. @return false where an element is NaN
bool encode_sign(const void* x, const Layout& layout, std::byte* payload);
void decode_sign(const Layout& layout, const std::byte* payload, void* out);

}  // namespace terse::quant
