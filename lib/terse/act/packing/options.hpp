#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "terse/act/memory/swap_store.hpp"
#include "terse/act/tensor/level.hpp"

namespace terse::act {

struct CompressionOptions {
  Level level = Level::L1;
  int bits = 0;                             ///< 0: the level's; else 1, 2, 4, 8 or 32
  std::map<std::string, int> bits_of = {};  ///< by SavedTensor::id; overrides bits; 32 keeps exact
  int levels = 0;                           ///< grid points of rounded tensors, 2 to 256, where bits_of says nothing;
                                            ///< 0: 2^bits
  std::uint32_t group = 256;
  bool dither = true;       ///< quant::AffineOptions::dither: half the variance for the same bytes
  bool sparse = true;       ///< store zeros apart where that is smaller
  bool entropy = false;     ///< finer grids, entropy coded, in the bytes that the bits take (quant/entropy.hpp)
  bool derive = true;       ///< compute results again from what their operands are stored as (Reason::Derived)
  bool as_rounded = false;  ///< save what a step that rounds would, though nothing is rounded: to profile one
  std::uint64_t seed = 0;
  std::uint64_t small_bytes = 1024;      ///< tensors below this are kept as they are
  std::shared_ptr<SwapStore> swap = {};  ///< where stored tensors go; null: they stay in memory
};

}  // namespace terse::act
