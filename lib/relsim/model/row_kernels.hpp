#pragma once

#include <cstddef>

namespace terse::relsim {

// Loops over single rows of floats, compiled for every SIMD target and chosen at run time (Highway).

/// Adam's step size and decay rates at one step (Kingma & Ba 2015), bias corrections folded in.
struct AdamRates {
  float step_size = 0;          ///< lr / (1 - beta1^t)
  float second_correction = 1;  ///< 1 / sqrt(1 - beta2^t)
  float beta1 = 0.9f, beta2 = 0.999f, epsilon = 1e-8f;
  float weight_decay = 0;       ///< L2: added to the gradient, as PyTorch's Adam does
};

/// One Adam step on [n] values; `first` and `second` are the running moments.
void adam_row(float* values, const float* gradients, float* first, float* second, std::size_t n,
              const AdamRates& rates);

}  // namespace terse::relsim
