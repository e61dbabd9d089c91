#pragma once

#include <cstddef>
#include <span>

#include "terse/core/philox.hpp"
#include "terse/quant/layout/layout.hpp"

// Only in a library that was built with TERSE_CUDA.

namespace terse::quant {

/// CUDA devices that can be used; 0 without a driver or a GPU.
int cuda_device_count();

/// try_encode for Codec::Affine with x, payload and metadata in the memory of the current device: the same
/// bytes as on the CPU.
/// @param payload  begins on a multiple of 4 bytes, as do all device allocations
/// @param stream   a cudaStream_t; waits for it, since the answer depends on the elements
/// @throws Error::Usage for another codec or sizes that do not fit; Error::OutOfMemory or Error::Internal with CUDA's
///         own message where a call fails
[[nodiscard]] bool cuda_try_encode(const void* x, const Layout& layout, const core::RandomKey& key,
                                   std::span<std::byte> payload, std::span<std::byte> metadata, void* stream = nullptr);

/// decode for Codec::Affine on the device; returns as soon as the work is queued on the stream.
void cuda_decode(const Layout& layout, std::span<const std::byte> payload, std::span<const std::byte> metadata,
                 void* out, void* stream = nullptr);

}  // namespace terse::quant
