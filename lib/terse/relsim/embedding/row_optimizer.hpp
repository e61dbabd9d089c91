#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "terse/relsim/training/step_rule.hpp"

namespace terse::relsim {

/// Steps single rows of a table; rows without a gradient are not touched, and Adam's moments rest with them (lazy).
class RowOptimizer {
 public:
  RowOptimizer() = default;
  RowOptimizer(learn::OptimizerKind rule, double lr, std::size_t values);

  /// One step of the `n` values from `offset` on. Different rows may be stepped on different threads.
  /// @param step  number of the batch, from 1
  void update(float* table, std::size_t offset, const float* gradient, std::size_t n, std::int64_t step);

  /// Running moments, as large as the table: AdaGrad's squares, Adam's first and second; empty where there are none.
  std::vector<float>& first() { return first_; }
  std::vector<float>& second() { return second_; }
  const std::vector<float>& first() const { return first_; }
  const std::vector<float>& second() const { return second_; }

 private:
  StepRule rule_;
  std::vector<float> first_, second_;
};

}  // namespace terse::relsim
