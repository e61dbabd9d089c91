#include "terse/formats/container/kind.hpp"

namespace terse::formats {

std::string_view to_string(Kind kind) {
  constexpr std::string_view kNames[kKindCount] = {"profile", "model",      "checkpoint", "dump",
                                                   "facts",   "similarity", "clusters",   "policy"};
  return kNames[static_cast<int>(kind)];
}

SchemaVersion schema_version(Kind kind) {
  constexpr SchemaVersion kVersions[kKindCount] = {{1, 3}, {1, 0}, {1, 4}, {1, 0}, {1, 0}, {1, 0}, {1, 0}, {1, 4}};
  return kVersions[static_cast<int>(kind)];
}

}  // namespace terse::formats
