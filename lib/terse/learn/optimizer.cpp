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

/// Of half types the fused SGD of LibTorch 2.11 leaves all elements but the last few where they are; other types the
/// fused kernels refuse. They walk through memory, and take no sparse gradient and none of another layout.
bool fused_kernels_take(const at::Tensor& parameter, const at::Tensor& gradient) {
  const auto type = parameter.scalar_type();
  return (type == at::kFloat || type == at::kDouble) && gradient.scalar_type() == type &&
         gradient.layout() == at::kStrided && parameter.is_non_overlapping_and_dense() &&
         gradient.strides() == parameter.strides();
}
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
  std::vector<at::Tensor> parameters, gradients, first, second;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const auto& parameter = parameters_[i].second;
    if (!parameter.grad().defined()) continue;
    if (!options_.fused || !fused_kernels_take(parameter, parameter.grad())) {
      step_unfused(i, learning_rate);
      continue;
    }
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

void Optimizer::step_unfused(std::size_t parameter, double learning_rate) {
  const auto& o = options_;
  const auto as_real = [](const at::Tensor& x) { return x.is_complex() ? at::view_as_real(x) : x; };
  auto weights = as_real(parameters_[parameter].second.detach());
  auto gradient = as_real(parameters_[parameter].second.grad().to_dense());
  if (o.kind == OptimizerKind::AdamW) {
    if (o.weight_decay != 0) weights.mul_(1 - learning_rate * o.weight_decay);
  } else if (o.weight_decay != 0) {
    gradient = gradient.add(weights, o.weight_decay);
  }
  if (o.kind == OptimizerKind::Sgd) {
    if (!first_.empty()) gradient = as_real(first_[parameter]).mul_(o.momentum).add_(gradient);
    weights.add_(gradient, -learning_rate);
    return;
  }
  const auto steps = steps_.item<double>();
  const double first_correction = 1 - std::pow(o.beta1, steps), second_correction = 1 - std::pow(o.beta2, steps);
  auto mean = as_real(first_[parameter]), square = as_real(second_[parameter]);
  mean.mul_(o.beta1).add_(gradient, 1 - o.beta1);
  square.mul_(o.beta2).addcmul_(gradient, gradient, 1 - o.beta2);
  const auto denominator = (square.sqrt() / std::sqrt(second_correction)).add_(o.epsilon);
  weights.addcdiv_(mean, denominator, -(learning_rate / first_correction));
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
