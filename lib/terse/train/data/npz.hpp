#pragma once

#include <map>
#include <string>

#include "terse/act/tensor/torch.hpp"

namespace terse::train {

/// The arrays of a NumPy .npz file by name (without ".npy"): C order, little-endian numbers or bools.
/// @throws Error::BadInput naming the file and the array
/// Source: NumPy NEP 1.
std::map<std::string, at::Tensor> read_npz(const std::string& path);

}  // namespace terse::train
