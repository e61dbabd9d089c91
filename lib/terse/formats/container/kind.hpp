#pragma once

#include "terse/formats/container/artifact.hpp"

namespace terse::formats {

/// Version of what a kind's items mean (KIND.md). Another major is refused; a higher minor only adds.
struct SchemaVersion {
  int major = 1, minor = 0;
};

/// The version that this program writes.
SchemaVersion schema_version(Kind kind);

/// `header` with the kind and its schema version set: what the write_* functions begin with.
Header header_for(Kind kind, Header header);

}  // namespace terse::formats
