#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "terse/core/dtype.hpp"
#include "terse/core/philox.hpp"
#include "terse/quant/layout/layout.hpp"
#include "terse/quant/layout/survey.hpp"

namespace terse::quant {

/// Encodes `x` into buffers of exactly payload_bytes(layout) and metadata_bytes(layout).
/// @param x    [layout.count] elements of layout.dtype, contiguous, host; not retained
/// @param key  random stream of Affine; same key, same bytes, for any thread count and SIMD target
/// @return     false where x does not fit the layout (Affine: an element is NaN, infinite or beyond 2^124, or all are
///             below 2^-100; Sparse: the same, or another number of zeros; Sign: an element is NaN; Mask, Constant,
///             Integer: another value turns up): the buffers' content is then void, and survey tells why. One pass
///             over x, so choose_layout and try_encode are all that the hot path needs:
///                 Layout layout = choose_layout(x, n, dtype, options);
///                 … allocate …
///                 if (!try_encode(x, layout, key, payload, metadata)) keep x raw, count survey(x,
///                 …).non_finite
/// @throws Error::Usage where buffer sizes do not fit the layout
/// Unbiased for Affine: E[decode] = x to within 2^-16 of a step and the rounding of the element type
/// (choosing among 2^15 equally likely offsets and rounding once on the way back). O(n), thread-safe. Source:
/// GACT (ICML 2022) section 3; differs in clamping at both ends.
[[nodiscard]] bool try_encode(const void* x, const Layout& layout, const core::RandomKey& key,
                              std::span<std::byte> payload, std::span<std::byte> metadata);

/// try_encode for an x that is known to fit. @throws Error::BadInput where it does not
void encode(const void* x, const Layout& layout, const core::RandomKey& key, std::span<std::byte> payload,
            std::span<std::byte> metadata);

/// Inverse of encode into `out`, [layout.count] elements of layout.dtype. Codes beyond `levels` are clamped,
/// so damaged bytes give wrong numbers, never an access out of bounds.
/// @throws Error::BadInput where buffer sizes do not fit the layout
void decode(const Layout& layout, std::span<const std::byte> payload, std::span<const std::byte> metadata, void* out);

/// For Codec::Sparse: the mask of elements that are not zero.
///
/// Writes it. @param mask  mask_bytes(count) @return their number
std::uint64_t mask_nonzero(const void* x, std::uint64_t count, core::DType dtype, std::span<std::byte> mask);
/// Bits set in a mask of `count` elements.
std::uint64_t count_kept(std::span<const std::byte> mask, std::uint64_t count);
/// try_encode for Sparse where the mask is in its place in the payload. Elements outside the mask are taken as zero,
/// whatever they are.
[[nodiscard]] bool try_encode_masked(const void* x, const Layout& layout, const core::RandomKey& key,
                                     std::span<std::byte> payload, std::span<std::byte> metadata);

}  // namespace terse::quant
