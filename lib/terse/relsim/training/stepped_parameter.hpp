#pragma once

#include <cstdint>

#include "terse/act/tensor/torch.hpp"
#include "terse/relsim/training/step_rule.hpp"

namespace terse::relsim {

/// One parameter with what its optimizer keeps of it. Updated in slices, each right after its gradient is known, so
/// that no gradient of the whole parameter is ever held.
class SteppedParameter {
 public:
  /// @param value  float32, contiguous; shared, not copied
  SteppedParameter(at::Tensor value, const StepRule& rule);
  const at::Tensor& value() const { return value_; }
  /// Running values, shaped as value(): Adam's first moment, AdaGrad's squares or momentum, and Adam's second moment;
  /// not defined where the rule keeps none. Written when a run is resumed.
  const at::Tensor& first() const { return first_; }
  const at::Tensor& second() const { return second_; }

  /// Steps the `count` values from `begin` on (flat index). Slices of one step may be updated on different threads.
  /// @param rates  of the rule that this was made for
  void update(std::int64_t begin, std::int64_t count, const float* gradient, const StepRates& rates);

 private:
  at::Tensor value_, first_, second_;
};

}  // namespace terse::relsim
