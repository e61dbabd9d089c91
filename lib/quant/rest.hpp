#pragma once

#include <cstddef>
#include <cstring>

#include "terse/quant/lane.hpp"

// The last tile where it is not whole: its codes in plain order (see Grid).

namespace terse::quant {

/// Room for the codes of a tile.
using TileCodes = std::uint8_t[32 * kLanes];

/// Repacks the first `count` elements' codes of a tile into word after word.
TERSE_LANE void pack_rest(const Grid& grid, const std::uint32_t* tile_words, std::size_t count,
                          std::byte* payload) {
  TileCodes codes;
  for (std::uint32_t i = 0; i < grid.tile_words(); ++i) {
    std::uint32_t word = tile_words[i];
    for (std::uint32_t k = 0; k < grid.per_word; ++k) {
      codes[(i / kLanes * grid.per_word + k) * kLanes + i % kLanes] =
          static_cast<std::uint8_t>(lane::take_code(grid, word, k));
    }
  }
  for (std::size_t begin = 0; begin < count; begin += grid.per_word) {
    const std::size_t left = count - begin, size = left < grid.per_word ? left : grid.per_word;
    std::uint32_t word = 0;
    for (std::size_t k = size; k-- > 0;) word = word * grid.levels + codes[begin + k];
    std::memcpy(payload + begin / grid.per_word * 4, &word,
                word_bytes(grid, static_cast<std::uint32_t>(size)));
  }
}

/// The inverse; codes of elements beyond `count` are 0.
TERSE_LANE void unpack_rest(const Grid& grid, const std::byte* payload, std::size_t count,
                            std::uint32_t* tile_words) {
  TileCodes codes = {};
  for (std::size_t begin = 0; begin < count; begin += grid.per_word) {
    const std::size_t left = count - begin, size = left < grid.per_word ? left : grid.per_word;
    std::uint32_t word = 0;
    std::memcpy(&word, payload + begin / grid.per_word * 4,
                word_bytes(grid, static_cast<std::uint32_t>(size)));
    for (std::uint32_t k = 0; k < size; ++k) {
      codes[begin + k] = static_cast<std::uint8_t>(lane::take_code(grid, word, k));
    }
  }
  for (std::uint32_t i = 0; i < grid.tile_words(); ++i) {
    std::uint32_t word = 0;
    for (std::uint32_t k = grid.per_word; k-- > 0;) {
      word = word * grid.levels + codes[(i / kLanes * grid.per_word + k) * kLanes + i % kLanes];
    }
    tile_words[i] = word;
  }
}

}  // namespace terse::quant
