#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "terse/quant/layout/layout.hpp"

namespace terse::quant {

// Codes of Affine are not equally likely. Of 256 normal elements, whose range spans 2.8 standard deviations to both
// sides, codes of 4 levels have an entropy of 1.5 bits and codes of 16 levels 3.5. A finer grid therefore fits in the
// same bytes:
//
//     bytes of     steps without and with coding     variance with coding, times that without
//     2 levels     1       1.5                       0.46 (0.30 without dither)
//     4 levels     3       4.6                       0.43
//     8 levels     7      11.2                       0.39
//     16 levels   15      19.7                       0.58
//
// With 2 levels both codes are equally likely; with 1.5 steps most elements take the middle one of three codes.

/// The layout with the most levels whose codes, entropy coded, are estimated from a sample of x to take no more bytes
/// than those of `affine`. Each code lies in a field of its own. `affine` itself where none is finer or x is too small
/// to gain.
/// @param x       [affine.count] elements of affine.dtype, contiguous, host; not retained
/// @param affine  codec Affine
/// @param zeros   whether x's zeros are encoded; false for Sparse, which leaves them out
Layout finer_layout(const void* x, const Layout& affine, bool zeros);

/// Room that entropy_encode may need for `size` bytes.
std::uint64_t entropy_bound(std::uint64_t size);
/// Entropy codes `plain` with zstd's Huffman coder in chunks of 128 KiB, without a search for repetitions. The same
/// bytes for any number of threads.
/// @param out  entropy_bound(plain.size())  @return bytes written
std::uint64_t entropy_encode(std::span<const std::byte> plain, std::span<std::byte> out);
/// The inverse. @throws Error::BadInput where `coded` does not hold plain.size() bytes
void entropy_decode(std::span<const std::byte> coded, std::span<std::byte> plain);

}  // namespace terse::quant
