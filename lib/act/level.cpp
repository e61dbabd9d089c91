#include <string>

#include "terse/act/compression.hpp"
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

std::string_view to_string(Level level) { return kLevels[static_cast<int>(level)]; }

int average_bits(Level level) {
  switch (level) {
    case Level::L2: return 4;
    case Level::L2_1: return 3;
    case Level::L2_2: return 2;
    default: return 0;
  }
}

}  // namespace terse::act
