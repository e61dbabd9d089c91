#pragma once

#include <string_view>

namespace terse::quant {

/// Name of the SIMD target in use: "AVX3", "AVX2", "SCALAR" …
std::string_view simd_target();

}  // namespace terse::quant
