#include "terse/formats/artifact.hpp"

namespace terse::formats {

std::string_view to_string(Kind kind) {
  constexpr std::string_view kNames[] = {"profile", "model", "checkpoint", "dump", "facts", "similarity", "clusters"};
  return kNames[static_cast<int>(kind)];
}

}  // namespace terse::formats
