#pragma once

#include <string_view>

namespace terse::formats {

/// What an artifact holds. Record headers carry the value plus one, so the order never changes.
enum class Kind { Profile, Model, Checkpoint, Dump, Facts, Similarity, Clusters, Policy };
inline constexpr int kKindCount = 8;

std::string_view to_string(Kind kind);

/// Version of what a kind's items mean (KIND.md). Another major is refused; a higher minor only adds.
struct SchemaVersion {
  int major = 1, minor = 0;
};

/// The version that this program writes.
SchemaVersion schema_version(Kind kind);

}  // namespace terse::formats
