#pragma once

#include "terse/quant/affine/affine_plan.hpp"

namespace terse::quant {

/// Encodes elements [first, first + count) of x, a float64 tensor, in double precision: one element at a time, on every
/// target. `first` is a multiple of the span, and so is `count` unless the tensor ends there.
/// @param magnitude  raised to the largest |x|; NaN where x holds one
void encode_affine_run(const AffinePlan& plan, const double* x, std::uint64_t first, std::size_t count,
                       std::byte* metadata, std::byte* payload, double& magnitude);
void decode_affine_run(const AffinePlan& plan, const std::byte* metadata, const std::byte* payload, std::uint64_t first,
                       std::size_t count, double* out);

}  // namespace terse::quant
