#pragma once

#include <functional>
#include <memory>

#include "terse/core/bytes.hpp"
#include "terse/formats/artifact/tensor.hpp"

namespace terse::formats {

/// Hands on the arrays of a NumPy .npz file one by one, by name (without ".npy"): C order, little-endian numbers or
/// bools, at most 8 dimensions. Needs memory for one array.
/// @param source  seekable
/// @throws Error::BadInput naming the file and the array; as ZipReader does
/// Source: NumPy NEP 1.
void read_npz(std::unique_ptr<core::ByteSource> source, const std::function<void(Tensor&&)>& take);

}  // namespace terse::formats
