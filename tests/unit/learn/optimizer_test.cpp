#include "terse/learn/optimizer.hpp"

#include <array>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <map>
#include <vector>

#include "terse/act/tensor/dtype.hpp"
#include "terse/formats/foreign/safetensors.hpp"
#include "terse_catch.hpp"
#include "throws.hpp"

namespace terse::learn {
namespace {

constexpr int kUpdates = 5;
constexpr double kRate = 0.01;

/// PyTorch's update rules, element by element in double precision.
std::vector<double> reference(const OptimizerOptions& options, std::vector<double> w,
                              const std::vector<std::vector<double>>& gradients) {
  std::vector<double> first(w.size()), second(w.size());
  for (int t = 1; t <= kUpdates; ++t) {
    for (std::size_t i = 0; i < w.size(); ++i) {
      double g = gradients[t - 1][i];
      if (options.kind == OptimizerKind::AdamW) {
        w[i] *= 1 - kRate * options.weight_decay;
      } else {
        g += options.weight_decay * w[i];
      }
      if (options.kind == OptimizerKind::Sgd) {
        first[i] = options.momentum * first[i] + g;
        w[i] -= kRate * first[i];
        continue;
      }
      first[i] = options.beta1 * first[i] + (1 - options.beta1) * g;
      second[i] = options.beta2 * second[i] + (1 - options.beta2) * g * g;
      const double mean = first[i] / (1 - std::pow(options.beta1, t));
      const double square = second[i] / (1 - std::pow(options.beta2, t));
      w[i] -= kRate * mean / (std::sqrt(square) + options.epsilon);
    }
  }
  return w;
}

TEST_CASE("optimizers follow PyTorch's rules") {
  for (const auto kind : {OptimizerKind::Sgd, OptimizerKind::Adam, OptimizerKind::AdamW}) {
    for (const double momentum : {0.9, 0.0}) {
      INFO(to_string(kind) << ", momentum " << momentum);
      const OptimizerOptions options{.kind = kind, .momentum = momentum, .weight_decay = 0.1};
      at::manual_seed(3);
      auto w = at::randn({37}).requires_grad_();
      const auto start = w.detach().to(at::kDouble);
      std::vector<double> begin(start.const_data_ptr<double>(), start.const_data_ptr<double>() + 37);
      std::vector<std::vector<double>> gradients;
      Optimizer optimizer({{"w", w}}, options);
      for (int t = 0; t < kUpdates; ++t) {
        const auto g = at::randn({37});
        const auto g64 = g.to(at::kDouble);
        gradients.emplace_back(g64.const_data_ptr<double>(), g64.const_data_ptr<double>() + 37);
        w.mutable_grad() = g;
        optimizer.step(kRate);
        optimizer.clear_gradients();
        CHECK_FALSE(w.grad().defined());
      }
      const auto expected = reference(options, begin, gradients);
      for (int i = 0; i < 37; ++i) CHECK(w[i].item<double>() == Approx(expected[i]).epsilon(1e-5).margin(1e-6));
    }
  }
}

/// The tensors of tests/data/optimizers.safetensors, by name.
std::map<std::string, at::Tensor> steps_of_pytorch() {
  const char* data = std::getenv("TERSE_DATA");
  REQUIRE(data != nullptr);
  std::map<std::string, at::Tensor> tensors;
  for (const auto& stored :
       formats::read_safetensors(*core::open_source(std::string(data) + "/optimizers.safetensors")).tensors) {
    auto tensor = at::empty(stored.info.shape, act::to_torch(stored.info.dtype));
    std::memcpy(tensor.mutable_data_ptr(), stored.data.data(), stored.data.size());
    tensors.emplace(stored.info.name, tensor);
  }
  return tensors;
}

TEST_CASE("every element of every type and size steps as PyTorch's does") {
  const std::map<std::string, OptimizerOptions> kinds = {
      {"sgd", {.kind = OptimizerKind::Sgd, .momentum = 0}},
      {"sgd-momentum", {.kind = OptimizerKind::Sgd, .momentum = 0.875, .weight_decay = 0.0625}},
      {"adam", {.kind = OptimizerKind::Adam, .weight_decay = 0.0625}},
      {"adamw", {.kind = OptimizerKind::AdamW, .weight_decay = 0.0625}}};
  const auto steps = steps_of_pytorch();
  int compared = 0;
  for (const auto& [name, expected] : steps) {
    const auto optimizer = kinds.find(name.substr(name.rfind('/') + 1));
    if (optimizer == kinds.end()) continue;
    INFO(name);
    const std::string stem = name.substr(0, name.rfind('/'));
    const auto& start = steps.at(stem + "/start");
    auto w = start.clone().requires_grad_();
    Optimizer stepping({{"w", w}}, optimizer->second);
    for (int t = 0; t < 3; ++t) {
      w.mutable_grad() = steps.at(stem + "/gradient." + std::to_string(t)).clone();
      stepping.step(0.125);
    }
    // A rounding or two a step: to 53, 24, 11 and 8 bits.
    const auto type = start.scalar_type();
    const double unit = type == at::kDouble  ? 0x1p-50
                        : type == at::kFloat ? 0x1p-21
                        : type == at::kHalf  ? 0x1p-8
                                             : 0x1p-5;
    CHECK((w.detach() - expected).to(at::kDouble).abs().max().item<double>() <= unit);
    // A few come back to where they were, in few bits.
    CHECK((w.detach() != start).sum().item<std::int64_t>() >= start.numel() - start.numel() / 16);
    ++compared;
  }
  CHECK(compared == 4 * 5 * 4);
}

TEST_CASE("complex, strided and sparse: what the fused kernels do not take steps all the same") {
  for (const auto kind : {OptimizerKind::Sgd, OptimizerKind::Adam, OptimizerKind::AdamW}) {
    const OptimizerOptions options{.kind = kind, .weight_decay = 0.1};
    at::manual_seed(5);
    const auto start = at::randn({20, 6}), gradient = at::randn({20, 6});
    const auto stepped = [&](at::Tensor w, const at::Tensor& g) {
      w = w.detach().requires_grad_();
      Optimizer optimizer({{"w", w}}, options);
      for (int t = 0; t < kUpdates; ++t) {
        w.mutable_grad() = g;
        optimizer.step(kRate);
      }
      return w.detach();
    };
    const auto expected = stepped(start.clone(), gradient.clone());
    CHECK(at::allclose(stepped(start.t().contiguous().t(), gradient.clone()), expected, 1e-5, 1e-6));
    CHECK(at::allclose(stepped(start.clone(), gradient.to_sparse()), expected, 1e-5, 1e-6));
    const auto pairs = stepped(at::view_as_complex(start.view({20, 3, 2}).clone()),
                               at::view_as_complex(gradient.view({20, 3, 2}).clone()));
    CHECK(at::allclose(at::view_as_real(pairs).reshape({20, 6}), expected, 1e-5, 1e-6));
  }
}

TEST_CASE("AdamW without fused kernels steps as torch::optim does, bit for bit") {
  at::manual_seed(3);
  auto ours = at::randn({211}).requires_grad_();
  auto theirs = ours.detach().clone().requires_grad_();
  Optimizer optimizer({{"w", ours}}, {.kind = OptimizerKind::AdamW, .weight_decay = 0.1, .fused = false});
  torch::optim::AdamW expected(std::vector{theirs}, torch::optim::AdamWOptions(kRate).weight_decay(0.1));
  for (int t = 0; t < kUpdates; ++t) {
    const auto gradient = at::randn({211});
    ours.mutable_grad() = gradient.clone();
    theirs.mutable_grad() = gradient.clone();
    optimizer.step(kRate);
    expected.step();
    CHECK(at::equal(ours.detach(), theirs.detach()));
  }
}

TEST_CASE("the state has a name for each tensor") {
  auto w = at::zeros({2}).requires_grad_();
  const auto names = [&](OptimizerOptions options) {
    std::vector<std::string> list;
    for (const auto& [name, tensor] : Optimizer({{"fc.bias", w}}, options).state()) list.push_back(name);
    return list;
  };
  CHECK(names({.kind = OptimizerKind::Sgd}) == std::vector<std::string>{"/steps", "fc.bias/momentum"});
  CHECK(names({.kind = OptimizerKind::Sgd, .momentum = 0}) == std::vector<std::string>{"/steps"});
  CHECK(names({.kind = OptimizerKind::Adam}) ==
        std::vector<std::string>{"/steps", "fc.bias/exp_avg", "fc.bias/exp_avg_sq"});
}

TEST_CASE("parameters without a gradient stay as they are") {
  auto used = at::ones({3}).requires_grad_(), idle = at::ones({3}).requires_grad_();
  Optimizer optimizer({{"used", used}, {"idle", idle}}, {.kind = OptimizerKind::AdamW, .weight_decay = 0.5});
  used.mutable_grad() = at::ones({3});
  optimizer.step(0.1);
  CHECK(at::equal(idle.detach(), at::ones({3})));
  CHECK_FALSE(at::equal(used.detach(), at::ones({3})));
}

TEST_CASE("an unknown optimizer is refused") {
  using enum OptimizerKind;
  CHECK(optimizer_from_string("adam", std::array{Sgd, Adam}) == Adam);
  CHECK(test::throws(Error::Usage, "(sgd, adam, adamw)", [] {
    optimizer_from_string("lion", std::array{Sgd, Adam, AdamW});
  }));
  CHECK(test::throws(Error::Usage, "(sgd, adam)", [] { optimizer_from_string("adamw", std::array{Sgd, Adam}); }));
}

}  // namespace
}  // namespace terse::learn
