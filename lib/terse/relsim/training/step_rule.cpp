#include "terse/relsim/training/step_rule.hpp"

#include <cmath>

#include "terse/core/error.hpp"

namespace terse::relsim {
namespace {

AdamRates adam_rates(const StepRule& rule, std::int64_t t) {
  AdamRates rates;
  const auto steps = static_cast<double>(t);
  rates.step_size = static_cast<float>(rule.lr / (1 - std::pow(static_cast<double>(rates.beta1), steps)));
  rates.second_correction = static_cast<float>(1 / std::sqrt(1 - std::pow(static_cast<double>(rates.beta2), steps)));
  rates.weight_decay = static_cast<float>(rule.weight_decay);
  return rates;
}

}  // namespace

StepRates rates_of(const StepRule& rule, std::int64_t step) {
  StepRates rates;
  rates.rule = rule.rule;
  if (rule.rule == learn::OptimizerKind::Adam) {
    rates.adam = adam_rates(rule, step);
  } else {
    rates.plain = {static_cast<float>(rule.lr), static_cast<float>(rule.weight_decay),
                   static_cast<float>(rule.momentum)};
  }
  return rates;
}

void step_row(float* values, const float* gradient, float* first, float* second, std::size_t n,
              const StepRates& rates) {
  switch (rates.rule) {
    case learn::OptimizerKind::Sgd:
      return sgd_row(values, gradient, first, n, rates.plain);
    case learn::OptimizerKind::AdaGrad:
      return adagrad_row(values, gradient, first, n, rates.plain);
    case learn::OptimizerKind::Adam:
      return adam_row(values, gradient, first, second, n, rates.adam);
    case learn::OptimizerKind::AdamW:
      break;
  }
  throw Error(Error::Internal, "adamw does not step rows");
}

}  // namespace terse::relsim
