#include "terse/relsim/training/stepped_parameter.hpp"

namespace terse::relsim {

SteppedParameter::SteppedParameter(at::Tensor value, const StepRule& rule) : value_(std::move(value)) {
  if (rule.moments() > 0) first_ = at::zeros_like(value_);
  if (rule.moments() > 1) second_ = at::zeros_like(value_);
}

void SteppedParameter::update(std::int64_t begin, std::int64_t count, const float* gradient, const StepRates& rates) {
  const auto from = [&](const at::Tensor& tensor) {
    return tensor.defined() ? tensor.data_ptr<float>() + begin : nullptr;
  };
  step_row(from(value_), gradient, from(first_), from(second_), static_cast<std::size_t>(count), rates);
}

}  // namespace terse::relsim
