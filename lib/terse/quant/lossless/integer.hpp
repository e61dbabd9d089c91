#pragma once

#include <cstddef>

#include "terse/quant/layout/layout.hpp"

namespace terse::quant {

/// try_encode and decode for Codec::Integer; the caller has checked the buffers' sizes. Payload: each element minus the
/// minimum, in layout.bits bits, lowest bit first, one after the other. Metadata: the minimum, int64.
/// @return false where an element does not fit layout.bits
bool encode_integer(const void* x, const Layout& layout, std::byte* payload, std::byte* metadata);
void decode_integer(const Layout& layout, const std::byte* payload, const std::byte* metadata, void* out);

}  // namespace terse::quant
