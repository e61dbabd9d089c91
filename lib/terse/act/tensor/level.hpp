#pragma once

#include <string_view>

namespace terse::act {

/// Compression levels, named as GACT names them: L0 off, L1 4 bits, L1.1 8 bits, L1.2 2 bits; bits that differ from
/// tensor to tensor (Compression::set_bits), at their average: L2 4, L2.1 3, L2.2 2.
enum class Level { L0, L1, L1_1, L1_2, L2, L2_1, L2_2 };

Level level_from_string(std::string_view name);  ///< "L0", "L1.1" …; @throws Error::Usage
/// Levels with a second tier, as GACT names them: "L3" is L2 with one, "L4bit-swap" L1, "swap" L0. Others are given
/// back.
/// @param swaps  set to whether the name asks for a second tier
std::string_view level_beside_swap(std::string_view name, bool& swaps);
std::string_view to_string(Level level);
/// Average bits of an adaptive level; 0 for the others.
int average_bits(Level level);
/// Whether a level codes entropy (CompressionOptions::entropy) where nothing else is asked for: L2.1 and L2.2, at which
/// bytes count for more than a few percent of time.
bool codes_entropy(Level level);

}  // namespace terse::act
