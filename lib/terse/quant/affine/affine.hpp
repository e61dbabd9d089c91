#pragma once

#include <cstddef>

#include "terse/core/philox.hpp"
#include "terse/quant/layout/layout.hpp"

namespace terse::quant {

/// try_encode and decode for Codec::Affine; the caller has checked the buffers' sizes. Payload: lanes/grid.hpp.
/// Metadata: affine_plan.hpp.
bool encode_affine(const void* x, const Layout& layout, const core::RandomKey& key, std::byte* payload,
                   std::byte* metadata);
void decode_affine(const Layout& layout, const std::byte* payload, const std::byte* metadata, void* out);

}  // namespace terse::quant
