#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "terse/relsim/kernels/row_kernels.hpp"

namespace terse::relsim {

/// What makes a step of a gradient, value by value.
enum class RowRule { Sgd, AdaGrad, Adam };

std::string_view to_string(RowRule rule);    ///< "sgd", "adagrad", "adam"
RowRule row_rule_of(std::string_view name);  ///< @throws Error::Usage

/// A rule with its settings.
struct StepRule {
  RowRule rule = RowRule::Adam;
  double lr = 0;
  double weight_decay = 0;  ///< L2: added to the gradient
  double momentum = 0;      ///< Sgd's

  /// Running values that are kept of each value.
  int moments() const;
};

/// A rule at one step. Small: tasks copy it.
struct StepRates {
  RowRule rule = RowRule::Adam;
  AdamRates adam;
  SgdRates plain;  ///< of Sgd and AdaGrad
};

/// @param step  1, 2, 3 …
StepRates rates_of(const StepRule& rule, std::int64_t step);

/// One step of [n] values.
/// @param first, second  running values, [n] each; null where the rule keeps none
void step_row(float* values, const float* gradient, float* first, float* second, std::size_t n, const StepRates& rates);

}  // namespace terse::relsim
