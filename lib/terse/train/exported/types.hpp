#pragma once

#include "terse/act/tensor/torch.hpp"
#include "terse/core/dtype.hpp"

namespace terse::train::exported {

/// LibTorch's word for an element type.
constexpr at::ScalarType scalar_type(core::DType dtype) {
  using enum core::DType;
  switch (dtype) {
    case Float32:
      return at::kFloat;
    case Float16:
      return at::kHalf;
    case BFloat16:
      return at::kBFloat16;
    case Float64:
      return at::kDouble;
    case UInt8:
      return at::kByte;
    case Int8:
      return at::kChar;
    case Int16:
      return at::kShort;
    case Int32:
      return at::kInt;
    case Int64:
      return at::kLong;
    case Bool:
      return at::kBool;
  }
  return at::kFloat;
}

}  // namespace terse::train::exported
