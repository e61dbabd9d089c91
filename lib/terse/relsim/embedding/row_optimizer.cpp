#include "terse/relsim/embedding/row_optimizer.hpp"

namespace terse::relsim {

RowOptimizer::RowOptimizer(learn::OptimizerKind rule, double lr, std::size_t values) : rule_{.rule = rule, .lr = lr} {
  if (rule_.moments() > 0) first_.resize(values);
  if (rule_.moments() > 1) second_.resize(values);
}

void RowOptimizer::update(float* table, std::size_t offset, const float* gradient, std::size_t n, std::int64_t step) {
  const auto from = [&](std::vector<float>& values) { return values.empty() ? nullptr : values.data() + offset; };
  step_row(table + offset, gradient, from(first_), from(second_), n, rates_of(rule_, step));
}

}  // namespace terse::relsim
