#pragma once

#include <cstdint>

#include "terse/act/torch.hpp"
#include "terse/relsim/model/row_kernels.hpp"

namespace terse::relsim {

/// One parameter with Adam's moments. Updated in slices, each right after its gradient is known, so that no gradient
/// of the whole parameter is ever held.
class AdamParameter {
 public:
  /// @param value  float32, contiguous; shared, not copied
  explicit AdamParameter(at::Tensor value);
  const at::Tensor& value() const { return value_; }
  const at::Tensor& first() const { return first_; }    ///< moments, shaped as value(); written when a run is resumed
  const at::Tensor& second() const { return second_; }

  /// Steps the `count` values from `begin` on (flat index). Slices of one step may be updated on different threads.
  void update(std::int64_t begin, std::int64_t count, const float* gradient, const AdamRates& rates);

 private:
  at::Tensor value_, first_, second_;
};

/// The rates of step `t` = 1, 2, 3 …
AdamRates adam_rates(double lr, double weight_decay, std::int64_t t);

}  // namespace terse::relsim
