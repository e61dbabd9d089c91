#include "terse/train/exported/kernels.hpp"

#include <algorithm>
#include <iterator>

#include "terse/core/error.hpp"

namespace terse::train::exported {

namespace {

using torch::jit::Stack;

at::Tensor tensor_or_none(const c10::IValue& value) { return value.isNone() ? at::Tensor() : value.toTensor(); }

/// (input, weight?, bias?, running_mean?, running_var?, …): every vector must hold one element a channel.
void check_batch_norm(Stack& stack) {
  const at::Tensor input = stack.at(0).toTensor();
  if (input.dim() < 2) throw Error(Error::BadInput, "batch norm of a tensor without channels");
  for (std::size_t i = 1; i < 5; ++i) {
    if (!stack.at(i).isTensor()) continue;
    const at::Tensor vector = stack[i].toTensor();
    if (vector.defined() && (vector.dim() != 1 || vector.numel() != input.size(1))) {
      throw Error(Error::BadInput, "batch norm of " + std::to_string(input.size(1)) + " channels with vectors of " +
                                       std::to_string(vector.numel()));
    }
  }
}

/// The variant without running statistics: (input, weight?, bias?, training, …).
void check_batch_norm_no_stats(Stack& stack) {
  Stack padded(stack.begin(), stack.begin() + 3);
  padded.resize(5);
  check_batch_norm(padded);
}

/// Batch norm that returns its new running statistics: LibTorch has no derivative for it, so the statistics are
/// copied and the ordinary operator updates the copies.
void functional_batch_norm(Stack& stack) {
  const auto running_mean = stack.at(3).toTensor().clone(), running_var = stack.at(4).toTensor().clone();
  auto [output, mean, inverse_deviation] = at::native_batch_norm(
      stack[0].toTensor(), tensor_or_none(stack[1]), tensor_or_none(stack[2]), running_mean, running_var,
      stack.at(5).toBool(), stack.at(6).toDouble(), stack.at(7).toDouble());
  stack = {output, mean, inverse_deviation, running_mean, running_var};
}

// Draws of 0 and 1 become their mean, so that x * bernoulli(p) / p, as stochastic depth has it, is x:
// (self, [p], generator).
void mean_of_bernoulli(Stack& stack) { stack = {stack.at(0)}; }
void mean_of_bernoulli_p(Stack& stack) { stack = {at::full_like(stack.at(0).toTensor(), stack.at(1).toScalar())}; }
void fill_mean_of_bernoulli(Stack& stack) { stack = {stack.at(0).toTensor().fill_(stack.at(1).toScalar())}; }
void copy_mean_of_bernoulli(Stack& stack) { stack = {stack.at(0).toTensor().copy_(stack.at(1).toTensor())}; }

constexpr Kernels kTable[] = {
    {"aten::native_batch_norm", "*", check_batch_norm, nullptr, nullptr},
    {"aten::_native_batch_norm_legit", "", check_batch_norm, nullptr, nullptr},
    {"aten::_native_batch_norm_legit", "no_stats", check_batch_norm_no_stats, nullptr, nullptr},
    {"aten::_native_batch_norm_legit_functional", "*", check_batch_norm, functional_batch_norm, functional_batch_norm},
    {"aten::bernoulli", "", nullptr, nullptr, mean_of_bernoulli},
    {"aten::bernoulli", "p", nullptr, nullptr, mean_of_bernoulli_p},
    {"aten::bernoulli_", "float", nullptr, nullptr, fill_mean_of_bernoulli},
    {"aten::bernoulli_", "Tensor", nullptr, nullptr, copy_mean_of_bernoulli},
};

}  // namespace

const Kernels* find_kernels(std::string_view name, std::string_view overload) {
  const auto found = std::find_if(std::begin(kTable), std::end(kTable), [&](const Kernels& one) {
    return one.name == name && (one.overload == "*" || one.overload == overload);
  });
  return found == std::end(kTable) ? nullptr : found;
}

}  // namespace terse::train::exported
