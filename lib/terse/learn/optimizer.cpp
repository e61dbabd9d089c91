#include "terse/learn/optimizer.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "terse/core/error.hpp"

namespace terse::learn {

namespace {
constexpr std::string_view kOptimizerNames[] = {"sgd", "adagrad", "adam", "adamw"};

using FusedAdam = void (*)(at::TensorList, at::TensorList, at::TensorList, at::TensorList, at::TensorList,
                           at::TensorList, double, double, double, double, double, bool, bool,
                           const std::optional<at::Tensor>&, const std::optional<at::Tensor>&);
}  // namespace

OptimizerKind optimizer_from_string(std::string_view name, std::span<const OptimizerKind> allowed) {
  std::string list;
  for (const auto kind : allowed) {
    if (to_string(kind) == name) return kind;
    list += (list.empty() ? "" : ", ") + std::string(to_string(kind));
  }
  throw Error(Error::Usage, "unknown optimizer '" + std::string(name) + "' (" + list + ")");
}

int moments_of(OptimizerKind kind, double momentum) {
  switch (kind) {
    case OptimizerKind::Sgd:
      return momentum != 0 ? 1 : 0;
    case OptimizerKind::AdaGrad:
      return 1;
    default:
      return 2;
  }
}

std::string_view to_string(OptimizerKind kind) { return kOptimizerNames[static_cast<int>(kind)]; }

Optimizer::Optimizer(const act::NamedTensors& parameters, const OptimizerOptions& options)
    : options_(options), steps_(at::zeros({})) {
  if (options_.kind == OptimizerKind::AdaGrad) throw Error(Error::Usage, "adagrad steps rows, not whole parameters");
  for (const auto& one : parameters) {
    const bool known = std::any_of(parameters_.begin(), parameters_.end(),
                                   [&](const auto& other) { return other.second.is_same(one.second); });
    if (one.second.requires_grad() && !known) parameters_.push_back(one);
  }
  const int moments = moments_of(options_.kind, options_.momentum);
  for (const auto& [name, parameter] : parameters_) {
    if (moments > 0) first_.push_back(at::zeros_like(parameter));
    if (moments > 1) second_.push_back(at::zeros_like(parameter));
  }
}

void Optimizer::step(double learning_rate) {
  torch::NoGradGuard guard;
  steps_.add_(1);
  if (options_.kind == OptimizerKind::AdamW && !options_.fused) return step_unfused(learning_rate);
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

void Optimizer::step_unfused(double learning_rate) {
  const auto& o = options_;
  const auto steps = steps_.item<double>();
  const double first_correction = 1 - std::pow(o.beta1, steps), second_correction = 1 - std::pow(o.beta2, steps);
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    auto& parameter = parameters_[i].second;
    const auto gradient = parameter.grad();
    if (!gradient.defined()) continue;
    if (o.weight_decay != 0) parameter.mul_(1 - learning_rate * o.weight_decay);
    first_[i].mul_(o.beta1).add_(gradient, 1 - o.beta1);
    second_[i].mul_(o.beta2).addcmul_(gradient, gradient, 1 - o.beta2);
    const auto denominator = (second_[i].sqrt() / std::sqrt(second_correction)).add_(o.epsilon);
    parameter.addcdiv_(first_[i], denominator, -(learning_rate / first_correction));
  }
}

void Optimizer::clear_gradients() {
  for (auto& [name, parameter] : parameters_) parameter.mutable_grad().reset();
}

act::NamedTensors Optimizer::state() const {
  act::NamedTensors state{{"/steps", steps_}};
  const bool adam = options_.kind != OptimizerKind::Sgd;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    if (!first_.empty()) state.emplace_back(parameters_[i].first + (adam ? "/exp_avg" : "/momentum"), first_[i]);
    if (!second_.empty()) state.emplace_back(parameters_[i].first + "/exp_avg_sq", second_[i]);
  }
  return state;
}

}  // namespace terse::learn
