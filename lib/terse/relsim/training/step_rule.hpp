#pragma once

#include <cstddef>
#include <cstdint>

#include "terse/learn/optimizer.hpp"
#include "terse/relsim/kernels/row_kernels.hpp"

namespace terse::relsim {

/// Optimizers that step value by value, and so rows or slices of a parameter by themselves.
inline constexpr learn::OptimizerKind kRowOptimizers[] = {learn::OptimizerKind::Adam, learn::OptimizerKind::AdaGrad,
                                                          learn::OptimizerKind::Sgd};

/// One of kRowOptimizers with its settings.
struct StepRule {
  learn::OptimizerKind rule = learn::OptimizerKind::Adam;
  double lr = 0;
  double weight_decay = 0;  ///< L2: added to the gradient
  double momentum = 0;      ///< Sgd's

  /// Running values that are kept of each value.
  int moments() const { return learn::moments_of(rule, momentum); }
};

/// A rule at one step. Small: tasks copy it.
struct StepRates {
  learn::OptimizerKind rule = learn::OptimizerKind::Adam;
  AdamRates adam;
  SgdRates plain;  ///< of Sgd and AdaGrad
};

/// @param step  1, 2, 3 …
StepRates rates_of(const StepRule& rule, std::int64_t step);

/// One step of [n] values.
/// @param first, second  running values, [n] each; null where the rule keeps none
void step_row(float* values, const float* gradient, float* first, float* second, std::size_t n, const StepRates& rates);

}  // namespace terse::relsim
