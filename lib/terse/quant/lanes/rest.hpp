#pragma once

#include <cstddef>
#include <cstring>

#include "terse/quant/lanes/lane.hpp"

// The last tile, where it is not whole: its codes in plain order (see Grid).

namespace terse::quant {

/// Room for the codes of a tile.
using TileCodes = std::uint8_t[32 * kLanes];

namespace rest {

// One call per word, so that the threads of a GPU can share them.

/// Codes of word i of a tile.
TERSE_LANE void take_tile_word(const Grid& grid, std::uint32_t word, std::uint32_t i, std::uint8_t* codes) {
  for (std::uint32_t k = 0; k < grid.per_word; ++k) {
    codes[(i / kLanes * grid.per_word + k) * kLanes + i % kLanes] =
        static_cast<std::uint8_t>(lane::take_code(grid, word, k));
  }
}

TERSE_LANE std::uint32_t tile_word(const Grid& grid, const std::uint8_t* codes, std::uint32_t i) {
  std::uint32_t word = 0;
  for (std::uint32_t k = grid.per_word; k-- > 0;) {
    word = word * grid.radix + codes[(i / kLanes * grid.per_word + k) * kLanes + i % kLanes];
  }
  return word;
}

/// Codes in word i of the payload, of `count` elements; 0 where it has none.
TERSE_LANE std::uint32_t codes_of_word(const Grid& grid, std::size_t count, std::uint32_t i) {
  const std::size_t begin = std::size_t{i} * grid.per_word;
  const std::size_t left = begin < count ? count - begin : 0;
  return static_cast<std::uint32_t>(left < grid.per_word ? left : grid.per_word);
}

/// Writes word i of the payload.
TERSE_LANE void put_word(const Grid& grid, const std::uint8_t* codes, std::size_t count, std::uint32_t i,
                         std::byte* payload) {
  const std::uint32_t size = codes_of_word(grid, count, i);
  std::uint32_t word = 0;
  for (std::uint32_t k = size; k-- > 0;) word = word * grid.radix + codes[i * grid.per_word + k];
  std::memcpy(payload + std::size_t{i} * 4, &word, word_bytes(grid, size));
}

/// Codes of word i of the payload; those of elements beyond `count` are 0.
TERSE_LANE void take_word(const Grid& grid, const std::byte* payload, std::size_t count, std::uint32_t i,
                          std::uint8_t* codes) {
  const std::uint32_t size = codes_of_word(grid, count, i);
  std::uint32_t word = 0;
  std::memcpy(&word, payload + std::size_t{i} * 4, word_bytes(grid, size));
  for (std::uint32_t k = 0; k < grid.per_word; ++k) {
    codes[i * grid.per_word + k] = k < size ? static_cast<std::uint8_t>(lane::take_code(grid, word, k)) : 0;
  }
}

}  // namespace rest

/// Repacks the first `count` elements' codes of a tile into word after word.
inline void pack_rest(const Grid& grid, const std::uint32_t* tile_words, std::size_t count, std::byte* payload) {
  TileCodes codes = {};
  for (std::uint32_t i = 0; i < grid.tile_words(); ++i) rest::take_tile_word(grid, tile_words[i], i, codes);
  for (std::uint32_t i = 0; i < grid.tile_words(); ++i) rest::put_word(grid, codes, count, i, payload);
}

/// The inverse; codes of elements beyond `count` are 0.
inline void unpack_rest(const Grid& grid, const std::byte* payload, std::size_t count, std::uint32_t* tile_words) {
  TileCodes codes = {};
  for (std::uint32_t i = 0; i < grid.tile_words(); ++i) rest::take_word(grid, payload, count, i, codes);
  for (std::uint32_t i = 0; i < grid.tile_words(); ++i) tile_words[i] = rest::tile_word(grid, codes, i);
}

}  // namespace terse::quant
