#pragma once

#include <cstddef>
#include <memory>

#include "terse/core/bytes.hpp"
#include "terse/formats/artifact/tensor.hpp"

namespace terse::formats {

/// Reads an IDX file of unsigned bytes (the format of MNIST), plain, .gz or .zst.
/// @param rank  the number of extents, at least 1
/// @return      a uint8 tensor of the file's shape, named after the source
/// @throws Error::BadInput on another magic number, element type or rank, on a shape whose product overflows, and where
///         the file is shorter (naming the record it ends in) or longer than it says
Tensor read_idx(std::unique_ptr<core::ByteSource> source, std::size_t rank);

}  // namespace terse::formats
