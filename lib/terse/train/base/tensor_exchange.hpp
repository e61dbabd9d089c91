#pragma once

#include <span>
#include <string>
#include <vector>

#include "terse/formats/artifact/tensor.hpp"
#include "terse/train/base/network.hpp"

namespace terse::train {

/// Named LibTorch tensors as an artifact's writer takes them: row-major views. Holds the tensors alive, and a copy
/// of those that are not row-major.
class TensorViews {
 public:
  explicit TensorViews(const NamedTensors& tensors);
  std::span<const formats::TensorView> views() const { return views_; }

 private:
  std::vector<at::Tensor> held_;
  std::vector<formats::TensorView> views_;
};

/// Copies the elements of `source` into the tensors of the same names.
/// @param origin  the file, for messages
/// @throws Error::BadInput naming the tensor where one is missing, left over, or of another shape or dtype
void copy_into(const NamedTensors& target, std::span<const formats::Tensor> source, const std::string& origin);

}  // namespace terse::train
