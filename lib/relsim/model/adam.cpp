#include "terse/relsim/model/adam.hpp"

#include <cmath>

namespace terse::relsim {

AdamParameter::AdamParameter(at::Tensor value)
    : value_(std::move(value)), first_(at::zeros_like(value_)), second_(at::zeros_like(value_)) {}

void AdamParameter::update(std::int64_t begin, std::int64_t count, const float* gradient, const AdamRates& rates) {
  adam_row(value_.data_ptr<float>() + begin, gradient, first_.data_ptr<float>() + begin,
           second_.data_ptr<float>() + begin, static_cast<std::size_t>(count), rates);
}

AdamRates adam_rates(double lr, double weight_decay, std::int64_t t) {
  AdamRates rates;
  const auto steps = static_cast<double>(t);
  rates.step_size = static_cast<float>(lr / (1 - std::pow(static_cast<double>(rates.beta1), steps)));
  rates.second_correction =
      static_cast<float>(1 / std::sqrt(1 - std::pow(static_cast<double>(rates.beta2), steps)));
  rates.weight_decay = static_cast<float>(weight_decay);
  return rates;
}

}  // namespace terse::relsim
