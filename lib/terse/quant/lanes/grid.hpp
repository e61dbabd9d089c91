#pragma once

#include <bit>
#include <cstdint>

namespace terse::quant {

/// Lanes of a tile: as many elements as the widest SIMD vector of the codecs holds.
inline constexpr std::uint32_t kLanes = 16;

/// How the codes 0..levels-1 of Affine fill 32-bit words.
///
/// The payload is a row of tiles. A tile is `vectors()` rows of 16 consecutive elements; element 16 v + j
/// belongs to lane j, and each lane packs its own codes into `words` 32-bit words, so that no SIMD width
/// needs a shuffle: word 16 w + j of the tile holds the codes of rows w per_word … w per_word + per_word - 1 as the
/// digits of a number, lowest first. Its radix is the number of levels, or a larger power of two that gives each code
/// bits of its own, for an entropy coder. Where the radix is a power of two, digits are bit fields.
/// Elements after the last whole tile are packed in plain order, per_word codes per word; the last word is cut to the
/// bytes that its codes need.
struct Grid {
  std::uint32_t levels = 16;   ///< grid points, 2..256
  std::uint32_t radix = 16;    ///< of the words, at least levels
  std::uint32_t per_word = 8;  ///< the most codes that fit: radix^per_word <= 2^32
  std::uint32_t words = 1;     ///< words of one lane in a tile: 2 where a word holds only four codes
  std::uint32_t sets = 1;      ///< sets of 16 Philox blocks that a tile needs: one per 8 vectors
  std::uint32_t magic = 1;     ///< w / radix = (t + (w - t) / 2) >> magic_shift,
  int magic_shift = 3;         ///< t = w magic / 2^32 (Granlund and Montgomery 1994)

  constexpr std::uint32_t vectors() const { return per_word * words; }
  constexpr std::uint32_t tile() const { return kLanes * vectors(); }    ///< elements of a tile
  constexpr std::uint32_t tile_words() const { return kLanes * words; }  ///< 32-bit words of a tile
  constexpr std::uint32_t quotient(std::uint32_t word) const {           ///< word / radix
    const auto high = static_cast<std::uint32_t>(std::uint64_t{word} * magic >> 32);
    return (high + (word - high) / 2) >> magic_shift;
  }
};

constexpr Grid make_grid(std::uint32_t levels, std::uint32_t radix) {
  Grid grid;
  grid.levels = levels;
  grid.radix = radix;
  grid.per_word = 0;
  for (std::uint64_t power = radix; power <= std::uint64_t{1} << 32; power *= radix) ++grid.per_word;
  grid.words = grid.per_word > 4 ? 1 : 2;
  grid.sets = (grid.vectors() + 7) / 8;
  const int log2 = std::bit_width(radix - 1);
  grid.magic = static_cast<std::uint32_t>((((std::uint64_t{1} << log2) - radix) << 32) / radix + 1);
  grid.magic_shift = log2 - 1;
  return grid;
}

constexpr Grid make_grid(std::uint32_t levels) { return make_grid(levels, levels); }

/// Bytes of a word that holds `codes` codes, codes <= per_word.
constexpr std::uint32_t word_bytes(const Grid& grid, std::uint32_t codes) {
  std::uint64_t power = 1;
  for (std::uint32_t i = 0; i < codes; ++i) power *= grid.radix;
  std::uint32_t bytes = 0;
  for (--power; power != 0; power >>= 8) ++bytes;
  return bytes;
}

/// Payload of `count` elements in bytes; count < 2^61, so that it cannot overflow.
constexpr std::uint64_t grid_bytes(const Grid& grid, std::uint64_t count) {
  const std::uint64_t rest = count % grid.tile();
  return count / grid.tile() * grid.tile_words() * 4 + rest / grid.per_word * 4 +
         word_bytes(grid, static_cast<std::uint32_t>(rest % grid.per_word));
}

}  // namespace terse::quant
