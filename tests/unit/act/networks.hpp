#pragma once

#include <ATen/record_function.h>

#include <functional>
#include <vector>

#include "terse/act/packing/compression.hpp"
#include "terse/act/tensor/torch.hpp"
#include "terse/core/philox.hpp"

namespace terse::act::test {

/// Uniform numbers in [-1, 1) that depend on `seed` alone.
inline at::Tensor numbers(std::vector<std::int64_t> sizes, std::uint64_t seed) {
  at::Tensor out = at::empty(sizes, at::kFloat);
  core::RandomSequence sequence({seed, 0, 0});
  float* data = out.data_ptr<float>();
  for (std::int64_t i = 0; i < out.numel(); ++i) data[i] = static_cast<float>(2 * sequence.uniform() - 1);
  return out;
}

/// Gives every parameter numbers that depend on `seed` alone.
inline void initialise(torch::nn::Module& module, std::uint64_t seed) {
  const at::NoGradGuard no_grad;
  for (auto& parameter : module.parameters()) {
    const double fan_in =
        std::max<double>(1.0, static_cast<double>(parameter.numel()) / static_cast<double>(parameter.size(0)));
    const double scale = parameter.dim() > 1 ? std::sqrt(3.0 / fan_in) : 0.5;
    parameter.copy_(numbers(parameter.sizes().vec(), ++seed) * scale + (parameter.dim() == 1 ? 1.0 : 0.0));
  }
}

/// Convolutions, batch norms, ReLUs (one in place), pooling, a linear layer: [n, 3, 16, 16] → [n, 10].
inline torch::nn::Sequential convolution_net(std::uint64_t seed = 1) {
  using namespace torch::nn;
  Sequential net(Conv2d(Conv2dOptions(3, 16, 3).padding(1).bias(false)), BatchNorm2d(16), ReLU(),
                 MaxPool2d(MaxPool2dOptions(3).stride(2).padding(1)),
                 Conv2d(Conv2dOptions(16, 32, 3).padding(1).bias(false)), BatchNorm2d(32),
                 ReLU(ReLUOptions().inplace(true)), AdaptiveAvgPool2d(AdaptiveAvgPool2dOptions(1)), Flatten(),
                 Linear(32, 10));
  initialise(*net, seed);
  return net;
}

using Gradients = std::vector<at::Tensor>;

/// Gradients of cross entropy at fixed labels, for fresh parameters' gradients.
inline Gradients gradients(torch::nn::Sequential& net, const at::Tensor& x) {
  net->zero_grad();
  const at::Tensor labels = at::arange(x.size(0), at::kLong).remainder(10);
  torch::nn::functional::cross_entropy(net->forward(x), labels).backward();
  Gradients out;
  for (const auto& parameter : net->parameters()) out.push_back(parameter.grad().clone());
  return out;
}

inline bool identical(const Gradients& a, const Gradients& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!at::equal(a[i], b[i])) return false;
  }
  return a.size() == b.size();
}

inline CompressionOptions rounding(int bits, bool derive = true) {
  CompressionOptions options;
  options.bits = bits;
  options.derive = derive;
  return options;
}

/// ‖a − b‖ / ‖b‖ over all gradients.
inline double relative_distance(const Gradients& a, const Gradients& b) {
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference += (a[i] - b[i]).to(at::kDouble).pow(2).sum().item<double>();
    norm += b[i].to(at::kDouble).pow(2).sum().item<double>();
  }
  return std::sqrt(difference / norm);
}

/// Saves its input for backward and shows it to `seen` there; passes values and gradients through. Goes by the name of
/// an operator whose saved tensors may be rounded.
struct Witness : torch::autograd::Function<Witness> {
  static inline thread_local std::function<void(const at::Tensor&)> seen;

  static at::Tensor apply(const at::Tensor& x) {
    RECORD_FUNCTION("aten::mm", c10::ArrayRef<const c10::IValue>());
    return torch::autograd::Function<Witness>::apply(x);
  }
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x) {
    context->save_for_backward({x});
    return x.sum();
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const at::Tensor x = context->get_saved_variables()[0];
    if (seen) seen(x);
    return {gradients[0].expand(x.sizes())};
  }
};

/// What `x` looks like when it comes back for backward under `compression`.
inline at::Tensor round_trip(Compression& compression, const at::Tensor& x) {
  at::Tensor back;
  Witness::seen = [&](const at::Tensor& restored) { back = restored.detach(); };
  {
    const auto step = compression.step();
    Witness::apply(x).backward();
  }
  Witness::seen = nullptr;
  return back;
}

/// The last step's record of `id`; fails the lookup with an exception that names it.
inline const SavedTensor& record(const Compression& compression, const std::string& id) {
  for (const auto& saved : compression.saved()) {
    if (saved.id == id) return saved;
  }
  std::string ids;
  for (const auto& saved : compression.saved()) ids += " " + saved.id;
  throw std::runtime_error("no saved tensor " + id + " among" + ids);
}

}  // namespace terse::act::test
