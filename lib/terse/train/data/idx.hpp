#pragma once

#include <string>

#include "terse/act/tensor/torch.hpp"

namespace terse::train {

/// Reads an IDX file of unsigned bytes (the format of MNIST), plain, .gz or .zst.
/// @return  uint8 tensor of the file's shape
/// @throws Error::BadInput on another magic number, element type or rank, on a shape whose product overflows, and where
///         the file is shorter (naming the record it ends in) or longer than it says
at::Tensor read_idx(const std::string& path, std::int64_t rank);

}  // namespace terse::train
