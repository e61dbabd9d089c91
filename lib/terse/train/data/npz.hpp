#pragma once

#include <map>
#include <string>

#include "terse/act/tensor/torch.hpp"

namespace terse::train {

/// The arrays of a NumPy .npz file by name, as formats::read_npz() reads them.
/// @throws Error::BadInput naming the file and the array
std::map<std::string, at::Tensor> read_npz(const std::string& path);

}  // namespace terse::train
