#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "terse/core/philox.hpp"
#include "terse/quant/lanes/grid.hpp"
#include "terse/quant/lanes/lane.hpp"
#include "terse/quant/layout/layout.hpp"

namespace terse::quant {

/// What the kernels need of an Affine layout.
struct AffinePlan {
  Grid grid;
  float steps = 15;         ///< number of steps in a group's range and its margins
  float margin = 0;         ///< how far the grid reaches beyond both ends of a group's range, as a share of the range
  std::uint64_t count = 0;  ///< elements of the tensor
  std::size_t group = 256;
  std::size_t span = 256;           ///< elements: the least common multiple of group and tile
  std::size_t tiles_per_group = 1;  ///< 0 where a group is no multiple of the tile
  bool wide = false;
  bool dithered = false;
  lane::Stream stream{};
  std::uint64_t round_keys[lane::kPhiloxRounds][2] = {};  ///< Philox's key of each round, as 64-bit lanes

  TERSE_LANE std::uint64_t groups() const { return count / group + (count % group != 0); }
};

AffinePlan make_plan(const Layout& layout);
AffinePlan make_plan(const Layout& layout, const core::RandomKey& key);
/// For decoding: the stream of a dithered layout is in its metadata.
AffinePlan make_plan(const Layout& layout, const std::byte* metadata);

// Metadata: one (minimum, step) pair per group, float32 or the upper halves of float32; then, if the layout is
// dithered, the random stream of its offsets (lane::kStreamBytes).

TERSE_LANE void store_stream(const AffinePlan& plan, std::byte* metadata) {
  std::memcpy(metadata + plan.groups() * (plan.wide ? 8 : 4), &plan.stream, lane::kStreamBytes);
}

/// Loads 32-bit words from metadata of any alignment. On a GPU memcpy goes byte by byte, so aligned words are loaded as
/// words there.
template <std::size_t kWords>
TERSE_LANE void load_words(const std::byte* from, std::uint32_t (&words)[kWords]) {
#ifdef __CUDA_ARCH__
  if (reinterpret_cast<std::uintptr_t>(from) % 4 == 0) {
    for (std::size_t i = 0; i < kWords; ++i) words[i] = reinterpret_cast<const std::uint32_t*>(from)[i];
    return;
  }
#endif
  std::memcpy(words, from, sizeof words);
}

TERSE_LANE lane::Stream load_stream(const AffinePlan& plan, const std::byte* metadata) {
  std::uint32_t words[4];
  load_words(metadata + plan.groups() * (plan.wide ? 8 : 4), words);
  return {{words[0], words[1]}, {words[2], words[3]}};
}

TERSE_LANE void store_scale(const AffinePlan& plan, std::byte* metadata, std::uint64_t group,
                            const lane::Scale& scale) {
  if (plan.wide) {
    std::memcpy(metadata + group * 8, &scale, 8);
  } else {
    const std::uint32_t pair = lane::bits_of(scale.minimum) >> 16 | (lane::bits_of(scale.step) & 0xFFFF0000);
    std::memcpy(metadata + group * 4, &pair, 4);
  }
}

TERSE_LANE lane::Scale load_scale(const AffinePlan& plan, const std::byte* metadata, std::uint64_t group) {
  if (plan.wide) {
    std::uint32_t both[2];
    load_words(metadata + group * 8, both);
    return {lane::float_of(both[0]), lane::float_of(both[1])};
  }
  std::uint32_t pair[1];
  load_words(metadata + group * 4, pair);
  return {lane::float_of(pair[0] << 16), lane::float_of(pair[0] & 0xFFFF0000)};
}

/// Scales of a span's groups: (minimum, 1 / step) for encoding, (minimum, step) for decoding.
struct SpanScales {
  float* minimum;
  float* factor;
};

/// Encodes elements [first, first + count) of a float32 tensor; `first` is a multiple of the span, and so is
/// count unless the tensor ends there. `scales` has room for a span's groups.
/// @param x          the run's first element
/// @param magnitude  raised to the bits of the largest |x|
void encode_affine_run(const AffinePlan& plan, const float* x, std::uint64_t first, std::size_t count,
                       SpanScales scales, std::byte* metadata, std::byte* payload, std::uint32_t& magnitude);
void decode_affine_run(const AffinePlan& plan, const std::byte* metadata, const std::byte* payload, std::uint64_t first,
                       std::size_t count, SpanScales scales, float* out);

}  // namespace terse::quant
