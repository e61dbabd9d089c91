#pragma once

#include <cstddef>

#include "terse/quant/layout/layout.hpp"

namespace terse::quant {

/// Codec::Integer: element e minus the minimum takes bits [e bits, (e + 1) bits) of the payload, lowest bit
/// first; the minimum is the metadata, 64 bits. @return false where an element does not fit layout.bits
bool encode_integer(const void* x, const Layout& layout, std::byte* payload, std::byte* metadata);
void decode_integer(const Layout& layout, const std::byte* payload, const std::byte* metadata, void* out);

}  // namespace terse::quant
