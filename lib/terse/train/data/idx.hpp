#pragma once

#include <string>

#include "terse/act/tensor/torch.hpp"

namespace terse::train {

/// Reads an IDX file as formats::read_idx() does.
/// @return  uint8 tensor of the file's shape
at::Tensor read_idx(const std::string& path, std::int64_t rank);

}  // namespace terse::train
