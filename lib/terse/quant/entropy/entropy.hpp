#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "terse/quant/layout/layout.hpp"

namespace terse::quant {

// Codes of Affine are not equally likely: where a group's range spans 2.8 standard deviations to both sides, as it does
// for 256 normal elements, 4 levels take 1.5 bits and 16 take 3.5. So a finer grid fits in the same bytes: in those of
// 4 levels 4.6 steps in place of 3, of 0.43 times the variance, of 8 levels 11.2 (0.39), of 16 levels 19.7 (0.58). The
// two codes of 2 levels are as likely, but most of the three of 1.5 steps around the middle are the same (0.46; without
// dither 0.30, as two points far apart round worse than two near each other do).

/// A layout of the smallest steps whose codes, entropy coded, take no more bytes than those of `affine`, by a sample of
/// x: more levels, each code in a field of its own. `affine` itself where none is finer, or x too small to gain.
/// @param x       [affine.count] elements of affine.dtype, contiguous, host; not retained
/// @param affine  codec Affine
/// @param zeros   whether x's zeros are to be encoded; false where Sparse leaves them out
Layout finer_layout(const void* x, const Layout& affine, bool zeros);

/// Room that entropy_encode may need for `size` bytes.
std::uint64_t entropy_bound(std::uint64_t size);
/// Codes bytes by how often they occur: Huffman's codes as zstd has them, by chunks of 128 KiB, without looking for
/// repetitions. The same bytes for any number of threads.
/// @param out  entropy_bound(plain.size())  @return bytes written
std::uint64_t entropy_encode(std::span<const std::byte> plain, std::span<std::byte> out);
/// The inverse. @throws Error::BadInput where `coded` does not hold plain.size() bytes
void entropy_decode(std::span<const std::byte> coded, std::span<std::byte> plain);

}  // namespace terse::quant
