#pragma once

#include <cstddef>

#include "terse/core/dtype.hpp"

namespace terse::quant {

/// Float16 or BFloat16 elements as float32, exactly, and back, rounded to nearest even; float16 saturates at
/// ±65504.
void to_float32(core::DType dtype, const void* x, std::size_t count, float* out);
void from_float32(core::DType dtype, const float* x, std::size_t count, void* out);

}  // namespace terse::quant
