#pragma once

#include <cstddef>
#include <cstdint>

#include "terse/core/philox.hpp"
#include "terse/quant/layout/layout.hpp"

namespace terse::quant {

/// try_encode and decode for Codec::Sparse; buffer sizes are the caller's to check. The payload begins with the mask
/// already. @return false also where the mask does not have layout.kept bits
bool encode_sparse(const void* x, const Layout& layout, const core::RandomKey& key, std::byte* payload,
                   std::byte* metadata);
/// @throws Error::BadInput where the mask does not have layout.kept bits
void decode_sparse(const Layout& layout, const std::byte* payload, const std::byte* metadata, void* out);

}  // namespace terse::quant
