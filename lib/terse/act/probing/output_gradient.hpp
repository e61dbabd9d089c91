#pragma once

#include <memory>

#include "terse/act/tensor/torch.hpp"

namespace terse::act {

/// Squared norm of the loss's gradient at a network's output: the signal that the backward pass carries down. All that
/// rounding adds to the gradient is linear in it, so a sensitivity divided by it drifts no faster than weights and
/// activations do, while the signal itself falls by orders of magnitude as a network learns and differs between
/// batches.
class OutputGradient {
 public:
  /// Watches the next backward pass through `output`.
  static std::shared_ptr<OutputGradient> watch(const at::Tensor& output);
  /// 0 before the pass.
  double squared_norm() const { return squared_norm_; }

 private:
  double squared_norm_ = 0;
};

}  // namespace terse::act
