#pragma once

#include <cstddef>

#include "terse/core/dtype.hpp"

namespace terse::quant {

/// Converts Float16 or BFloat16 elements to float32, which is exact, and back, rounding to nearest even; float16
/// saturates at ±65504.
void to_float32(core::DType dtype, const void* x, std::size_t count, float* out);
void from_float32(core::DType dtype, const float* x, std::size_t count, void* out);

}  // namespace terse::quant
