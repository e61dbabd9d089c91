#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "terse/train/base/network.hpp"

namespace terse::train {

enum class OptimizerKind { Sgd, Adam, AdamW };

OptimizerKind optimizer_from_string(std::string_view name);  ///< "sgd", "adam", "adamw"; @throws Error::Usage
std::string_view to_string(OptimizerKind kind);

struct OptimizerOptions {
  OptimizerKind kind = OptimizerKind::Sgd;
  double momentum = 0.9;                              ///< Sgd
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;  ///< Adam and AdamW
  double weight_decay = 0;                            ///< added to the gradient; AdamW: taken from the weights
};

/// SGD with momentum, Adam and AdamW as PyTorch defines them, by LibTorch's fused kernels: one pass over parameter,
/// gradient and state. All state is in named tensors, so that it can be written and read back.
class Optimizer {
 public:
  /// @param parameters  changed in place by step(); those without a gradient are left alone. Frozen ones and further
  ///                    names of a tied one are passed over
  Optimizer(const NamedTensors& parameters, const OptimizerOptions& options);

  void step(double learning_rate);
  /// Frees the gradients.
  void clear_gradients();

  /// State under "PARAMETER/STATE": "conv1.weight/momentum", "fc.bias/exp_avg", and "/steps" (float32 [1]).
  NamedTensors state() const;

 private:
  NamedTensors parameters_;
  OptimizerOptions options_;
  std::vector<at::Tensor> first_, second_;  ///< momentum, or mean and mean square of the gradient
  at::Tensor steps_;                        ///< float32 scalar, as the kernels want it
};

}  // namespace terse::train
