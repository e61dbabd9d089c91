#pragma once

#include <cstddef>
#include <span>

#include "terse/core/philox.hpp"
#include "terse/quant/layout/layout.hpp"
#include "terse/quant/layout/survey.hpp"

// The face of the codecs: how a tensor is stored (layout.hpp), what suits it (survey.hpp), its bytes (here).

namespace terse::quant {

/// Encodes `x` as the layout says; choose_layout and try_encode are all that the hot path needs.
/// @param x         [layout.count] elements of layout.dtype, contiguous, host; not retained
/// @param key       random stream of Affine and Sparse; same key, same bytes, for any thread count and SIMD target
/// @param payload   payload_bytes(layout) bytes
/// @param metadata  metadata_bytes(layout) bytes, which may lie anywhere
/// @return          false where x does not fit the layout; the buffers' content is then void:
///                    Affine    an element is NaN, infinite or beyond 2^124, or all are below 2^-100
///                    Sparse    the same, or the number of elements that are not zero is not layout.kept
///                    Sign      an element is NaN
///                    Mask, Constant, Integer   a value occurs that the layout has no code for
/// @throws Error::Usage where a buffer has another size
/// Unbiased for Affine and Sparse: E[decode] = x, to within 2^-16 of a step (one of 2^15 equally likely offsets is
/// drawn) and the rounding of the element type. O(n), thread-safe.
/// Source: GACT (ICML 2022) section 3; differs in clamping at both ends.
[[nodiscard]] bool try_encode(const void* x, const Layout& layout, const core::RandomKey& key,
                              std::span<std::byte> payload, std::span<std::byte> metadata);

/// try_encode for an x that is known to fit. @throws Error::BadInput where it does not
void encode(const void* x, const Layout& layout, const core::RandomKey& key, std::span<std::byte> payload,
            std::span<std::byte> metadata);

/// try_encode for Sparse where the payload begins with the mask already (affine/sparse.hpp). Elements outside the mask
/// count as zero, whatever they are.
[[nodiscard]] bool try_encode_masked(const void* x, const Layout& layout, const core::RandomKey& key,
                                     std::span<std::byte> payload, std::span<std::byte> metadata);

/// Inverse of encode into `out`, [layout.count] elements of layout.dtype. Codes beyond `levels` are clamped, so that
/// damaged bytes give wrong numbers and never an access out of bounds.
/// @throws Error::BadInput where a buffer has another size, or Sparse's mask another number of bits than layout.kept
void decode(const Layout& layout, std::span<const std::byte> payload, std::span<const std::byte> metadata, void* out);

}  // namespace terse::quant
