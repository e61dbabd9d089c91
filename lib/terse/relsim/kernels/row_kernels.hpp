#pragma once

#include <cstddef>

namespace terse::relsim {

// Loops over single rows of floats, compiled for every SIMD target and chosen at run time (Highway).

/// Adam's step size and decay rates at one step (Kingma & Ba 2015), bias corrections folded in.
struct AdamRates {
  float step_size = 0;          ///< lr / (1 - beta1^t)
  float second_correction = 1;  ///< 1 / sqrt(1 - beta2^t)
  float beta1 = 0.9f, beta2 = 0.999f, epsilon = 1e-8f;
  float weight_decay = 0;  ///< L2: added to the gradient, as PyTorch's Adam does
};

/// Settings of SGD and AdaGrad.
struct SgdRates {
  float lr = 0;
  float weight_decay = 0;  ///< L2: added to the gradient
  float momentum = 0;      ///< SGD's
};

/// One Adam step on [n] values; `first` and `second` are the running moments.
void adam_row(float* values, const float* gradients, float* first, float* second, std::size_t n,
              const AdamRates& rates);

/// One step of SGD on [n] values as PyTorch has it: velocity = momentum velocity + g, values -= lr velocity.
/// @param velocity  null: without momentum
void sgd_row(float* values, const float* gradients, float* velocity, std::size_t n, const SgdRates& rates);

/// One step of AdaGrad on [n] values: squares += g², values -= lr g / (√squares + 1e-10).
void adagrad_row(float* values, const float* gradients, float* squares, std::size_t n, const SgdRates& rates);

}  // namespace terse::relsim
