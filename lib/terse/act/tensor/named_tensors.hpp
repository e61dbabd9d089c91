#pragma once

#include <string>
#include <utility>
#include <vector>

#include "terse/act/tensor/torch.hpp"

namespace terse::act {

/// Tensors under their names in the network they belong to ("layer1.0.conv1.weight").
using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

}  // namespace terse::act
