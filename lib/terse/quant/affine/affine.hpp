#pragma once

#include <cstddef>
#include <span>

#include "terse/core/philox.hpp"
#include "terse/quant/layout/layout.hpp"

namespace terse::quant {

/// try_encode and decode for Codec::Affine; buffer sizes are the caller's to check.
bool encode_affine(const void* x, const Layout& layout, const core::RandomKey& key, std::byte* payload,
                   std::byte* metadata);
void decode_affine(const Layout& layout, const std::byte* payload, const std::byte* metadata, void* out);

}  // namespace terse::quant
