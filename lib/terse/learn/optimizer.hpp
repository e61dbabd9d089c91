#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "terse/act/tensor/named_tensors.hpp"

namespace terse::learn {

enum class OptimizerKind { Sgd, AdaGrad, Adam, AdamW };

std::string_view to_string(OptimizerKind kind);  ///< "sgd", "adagrad", "adam", "adamw"

/// @param allowed  those that the caller has; in the order in which the message lists them
/// @throws Error::Usage for another name
OptimizerKind optimizer_from_string(std::string_view name, std::span<const OptimizerKind> allowed);

/// Running values that an optimizer keeps of each value of a parameter: 0, 1 or 2.
int moments_of(OptimizerKind kind, double momentum);

struct OptimizerOptions {
  OptimizerKind kind = OptimizerKind::Sgd;  ///< not AdaGrad, which only steps rows (relsim/training/step_rule.hpp)
  double momentum = 0.9;                    ///< Sgd
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;  ///< Adam and AdamW
  double weight_decay = 0;                            ///< added to the gradient; AdamW: taken from the weights
  bool fused = true;  ///< LibTorch's fused kernels where they are right; else its tensor operations in torch::optim's
                      ///< order, whose results differ in the last bits
};

/// SGD with momentum, Adam and AdamW as PyTorch defines them. Float and double parameters are stepped by LibTorch's
/// fused kernels, in one pass over parameter, gradient and state; all other types by tensor operations in the
/// parameter's own type, as PyTorch does by default (a complex number as two real ones). All state is in named tensors,
/// so that it can be written and read back.
class Optimizer {
 public:
  /// @param parameters  changed in place by step(); those without a gradient are left alone. Frozen ones and further
  ///                    names of a tied one are passed over
  /// @throws Error::Usage for a kind that it does not have
  Optimizer(const act::NamedTensors& parameters, const OptimizerOptions& options);

  void step(double learning_rate);
  /// Frees the gradients.
  void clear_gradients();

  /// State under "PARAMETER/STATE": "conv1.weight/momentum", "fc.bias/exp_avg", and "/steps" (float32 [1]).
  act::NamedTensors state() const;
  /// Goes on as if so many steps had been done.
  void set_steps(std::int64_t steps) { steps_.fill_(steps); }

 private:
  /// One parameter's step by tensor operations.
  void step_unfused(std::size_t parameter, double learning_rate);

  act::NamedTensors parameters_;
  OptimizerOptions options_;
  std::vector<at::Tensor> first_, second_;  ///< momentum, or mean and mean square of the gradient
  at::Tensor steps_;                        ///< float32 scalar, as the kernels want it
};

}  // namespace terse::learn
