#pragma once

#include <string>
#include <vector>

#include "terse/act/tensor/torch.hpp"
#include "terse/formats/artifact/tensor.hpp"

namespace terse::relsim {

/// A float32 tensor, of any shape and strides, in the form in which artifacts hold it.
formats::Tensor weight_tensor(std::string name, const at::Tensor& tensor);

/// The tensor of the name, shaped as `like`. @throws Error::BadInput where there is none that fits
at::Tensor load_tensor(const std::vector<formats::Tensor>& group, const std::string& name, const at::Tensor& like);

}  // namespace terse::relsim
