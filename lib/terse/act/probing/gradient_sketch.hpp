#pragma once

#include <cstdint>
#include <vector>

#include "terse/act/tensor/named_tensors.hpp"

namespace terse::act {

/// A gradient, folded into kSketchSize sums of its elements under fixed random signs: the squared distance of two
/// sketches estimates that of the gradients without bias, with a relative standard deviation of about
/// sqrt(2 / kSketchSize), 2 %, so that a gradient can be remembered in 32 KiB.
/// Source: count sketch (Charikar, Chen and Farach-Colton 2002), with consecutive buckets.
using GradientSketch = std::vector<double>;
inline constexpr std::size_t kSketchSize = 4096;

/// Sketches the parameters' gradients; those without one count as zero, a tied one once.
GradientSketch sketch_gradient(const NamedTensors& parameters, std::uint64_t seed);

double squared_distance(const GradientSketch& a, const GradientSketch& b);

}  // namespace terse::act
