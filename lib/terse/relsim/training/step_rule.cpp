#include "terse/relsim/training/step_rule.hpp"

#include <cmath>
#include <string>

#include "terse/core/error.hpp"

namespace terse::relsim {
namespace {

constexpr std::string_view kRuleNames[] = {"sgd", "adagrad", "adam"};

AdamRates adam_rates(const StepRule& rule, std::int64_t t) {
  AdamRates rates;
  const auto steps = static_cast<double>(t);
  rates.step_size = static_cast<float>(rule.lr / (1 - std::pow(static_cast<double>(rates.beta1), steps)));
  rates.second_correction = static_cast<float>(1 / std::sqrt(1 - std::pow(static_cast<double>(rates.beta2), steps)));
  rates.weight_decay = static_cast<float>(rule.weight_decay);
  return rates;
}

}  // namespace

std::string_view to_string(RowRule rule) { return kRuleNames[static_cast<int>(rule)]; }

RowRule row_rule_of(std::string_view name) {
  for (const auto rule : {RowRule::Sgd, RowRule::AdaGrad, RowRule::Adam}) {
    if (to_string(rule) == name) return rule;
  }
  throw Error(Error::Usage, "unknown optimizer '" + std::string(name) + "' (adam, adagrad, sgd)");
}

int StepRule::moments() const { return rule == RowRule::Adam ? 2 : rule == RowRule::AdaGrad || momentum > 0 ? 1 : 0; }

StepRates rates_of(const StepRule& rule, std::int64_t step) {
  StepRates rates;
  rates.rule = rule.rule;
  if (rule.rule == RowRule::Adam) {
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
    case RowRule::Sgd:
      return sgd_row(values, gradient, first, n, rates.plain);
    case RowRule::AdaGrad:
      return adagrad_row(values, gradient, first, n, rates.plain);
    case RowRule::Adam:
      return adam_row(values, gradient, first, second, n, rates.adam);
  }
}

}  // namespace terse::relsim
