#include "terse/relsim/embedding/row_optimizer.hpp"

#include "terse/relsim/embedding/score_kernels.hpp"
#include "terse/relsim/model/adam.hpp"
#include "terse/relsim/model/sparse_rows.hpp"

namespace terse::relsim {

RowOptimizer::RowOptimizer(RowRule rule, double lr, std::size_t values) : rule_(rule), lr_(lr) {
  if (rule != RowRule::Sgd) first_.resize(values);
  if (rule == RowRule::Adam) second_.resize(values);
}

void RowOptimizer::update(float* table, std::size_t offset, const float* gradient, std::size_t n, std::int64_t step) {
  float* values = table + offset;
  switch (rule_) {
    case RowRule::Sgd:
      return add_scaled_row(values, gradient, -static_cast<float>(lr_), n);
    case RowRule::AdaGrad:
      return adagrad_row(values, gradient, first_.data() + offset, n, static_cast<float>(lr_));
    case RowRule::Adam:
      return adam_row(values, gradient, first_.data() + offset, second_.data() + offset, n, adam_rates(lr_, 0, step));
  }
}

}  // namespace terse::relsim
