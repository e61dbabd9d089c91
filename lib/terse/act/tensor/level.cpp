#include "terse/act/tensor/level.hpp"

#include <string>
#include <utility>

#include "terse/core/error.hpp"

namespace terse::act {

namespace {
constexpr std::string_view kLevels[] = {"L0", "L1", "L1.1", "L1.2", "L2", "L2.1", "L2.2"};
}

Level level_from_string(std::string_view name) {
  for (int i = 0; i < 7; ++i) {
    if (kLevels[i] == name) return static_cast<Level>(i);
  }
  throw Error(Error::Usage, "unknown level '" + std::string(name) + "' (L0, L1, L1.1, L1.2, L2, L2.1, L2.2)");
}

std::string_view level_beside_swap(std::string_view name, bool& swaps) {
  constexpr std::pair<std::string_view, std::string_view> kSwapping[] = {
      {"L3", "L2"}, {"swap", "L0"}, {"L4bit-swap", "L1"}};
  for (const auto& [swapping, level] : kSwapping) {
    swaps = name == swapping;
    if (swaps) return level;
  }
  return name;
}

std::string_view to_string(Level level) { return kLevels[static_cast<int>(level)]; }

int average_bits(Level level) {
  switch (level) {
    case Level::L2:
      return 4;
    case Level::L2_1:
      return 3;
    case Level::L2_2:
      return 2;
    default:
      return 0;
  }
}

bool codes_entropy(Level level) { return level == Level::L2_1 || level == Level::L2_2; }

}  // namespace terse::act
