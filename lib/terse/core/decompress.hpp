#pragma once

#include <memory>

#include "terse/core/bytes.hpp"

namespace terse::core {

/// A source whose content is unpacked on the way when it begins with gzip's or zstd's magic bytes.
/// @throws Error::BadInput where the compressed stream is damaged or cut
std::unique_ptr<ByteSource> decompressing_source(std::unique_ptr<ByteSource> source);

}  // namespace terse::core
