#pragma once

#include <optional>

#include "terse/act/tensor/torch.hpp"
#include "terse/core/dtype.hpp"

namespace terse::act {

/// Our name of LibTorch's element type; nullopt where the project has none (complex, quantized, 8-bit floats).
std::optional<core::DType> from_torch(at::ScalarType type);
at::ScalarType to_torch(core::DType type);

}  // namespace terse::act
