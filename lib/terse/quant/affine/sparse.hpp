#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "terse/core/philox.hpp"
#include "terse/quant/layout/layout.hpp"

namespace terse::quant {

/// Writes Sparse's mask of the elements of x that are not zero; -0 is zero.
/// @param x     [count] elements of a dtype that has_sparse_form, contiguous, host
/// @param mask  mask_bytes(count) bytes  @return bits set
std::uint64_t mask_nonzero(const void* x, std::uint64_t count, core::DType dtype, std::span<std::byte> mask);
/// Bits set among the first `count` of a mask.
std::uint64_t count_kept(std::span<const std::byte> mask, std::uint64_t count);

/// try_encode_masked and decode for Codec::Sparse; the caller has checked the buffers' sizes. Payload: the mask, then
/// the elements that are not zero as a float32 tensor by Affine. Metadata: that tensor's.
/// @return false also where the mask does not have layout.kept bits
bool encode_sparse(const void* x, const Layout& layout, const core::RandomKey& key, std::byte* payload,
                   std::byte* metadata);
/// @throws Error::BadInput where the mask does not have layout.kept bits
void decode_sparse(const Layout& layout, const std::byte* payload, const std::byte* metadata, void* out);

}  // namespace terse::quant
