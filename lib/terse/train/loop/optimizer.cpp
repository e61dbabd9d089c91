#include "terse/train/loop/optimizer.hpp"

#include <algorithm>

#include "terse/core/error.hpp"

namespace terse::train {

namespace {
constexpr std::string_view kNames[] = {"sgd", "adam", "adamw"};

using FusedAdam = void (*)(at::TensorList, at::TensorList, at::TensorList, at::TensorList, at::TensorList,
                           at::TensorList, double, double, double, double, double, bool, bool,
                           const std::optional<at::Tensor>&, const std::optional<at::Tensor>&);
}  // namespace

OptimizerKind optimizer_from_string(std::string_view name) {
  for (int i = 0; i < 3; ++i) {
    if (kNames[i] == name) return static_cast<OptimizerKind>(i);
  }
  throw Error(Error::Usage, "unknown optimizer '" + std::string(name) + "' (sgd, adam, adamw)");
}

std::string_view to_string(OptimizerKind kind) { return kNames[static_cast<int>(kind)]; }

Optimizer::Optimizer(const NamedTensors& parameters, const OptimizerOptions& options)
    : options_(options), steps_(at::zeros({})) {
  for (const auto& one : parameters) {
    const bool known = std::any_of(parameters_.begin(), parameters_.end(),
                                   [&](const auto& other) { return other.second.is_same(one.second); });
    if (one.second.requires_grad() && !known) parameters_.push_back(one);
  }
  const bool adam = options_.kind != OptimizerKind::Sgd;
  for (const auto& [name, parameter] : parameters_) {
    if (adam || options_.momentum != 0) first_.push_back(at::zeros_like(parameter));
    if (adam) second_.push_back(at::zeros_like(parameter));
  }
}

void Optimizer::step(double learning_rate) {
  torch::NoGradGuard guard;
  steps_.add_(1);
  std::vector<at::Tensor> parameters, gradients, first, second;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const auto& parameter = parameters_[i].second;
    if (!parameter.grad().defined()) continue;
    parameters.push_back(parameter);
    gradients.push_back(parameter.grad());
    if (!first_.empty()) first.push_back(first_[i]);
    if (!second_.empty()) second.push_back(second_[i]);
  }
  if (parameters.empty()) return;
  if (options_.kind == OptimizerKind::Sgd) {
    // Momentum starts at zero, which makes the first step's buffer the gradient, as PyTorch's first step does.
    at::_fused_sgd_(parameters, gradients, first, options_.weight_decay, options_.momentum, learning_rate,
                    /*dampening=*/0, /*nesterov=*/false, /*maximize=*/false, /*is_first_step=*/false);
    return;
  }
  const std::vector<at::Tensor> steps(parameters.size(), steps_);
  const auto update = options_.kind == OptimizerKind::Adam ? static_cast<FusedAdam>(at::_fused_adam_)
                                                           : static_cast<FusedAdam>(at::_fused_adamw_);
  update(parameters, gradients, first, second, /*max_exp_avg_sqs=*/{}, steps, learning_rate, options_.beta1,
         options_.beta2, options_.weight_decay, options_.epsilon, /*amsgrad=*/false, /*maximize=*/false,
         /*grad_scale=*/{}, /*found_inf=*/{});
}

void Optimizer::clear_gradients() {
  for (auto& [name, parameter] : parameters_) parameter.mutable_grad().reset();
}

NamedTensors Optimizer::state() const {
  NamedTensors state{{"/steps", steps_}};
  const bool adam = options_.kind != OptimizerKind::Sgd;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    if (!first_.empty()) state.emplace_back(parameters_[i].first + (adam ? "/exp_avg" : "/momentum"), first_[i]);
    if (!second_.empty()) state.emplace_back(parameters_[i].first + "/exp_avg_sq", second_[i]);
  }
  return state;
}

}  // namespace terse::train
