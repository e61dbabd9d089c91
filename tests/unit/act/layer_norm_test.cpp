// A layer norm's result is computed again from its input: what that changes and what not.
#include "networks.hpp"
#include "terse/act/stored/stored_tensor.hpp"
#include "terse_catch.hpp"

namespace terse::act {

using namespace test;

namespace {

struct Block {
  at::Tensor x = numbers({8, 32, 64}, 60).requires_grad_();
  at::Tensor weight = (numbers({64}, 61) + 1.5).requires_grad_(), bias = numbers({64}, 62).requires_grad_();
  at::Tensor projection = numbers({64, 96}, 63).requires_grad_();

  at::Tensor loss(bool affine = true) const {
    const auto y = affine ? at::layer_norm(x * 3.0, {64}, weight, bias) : at::layer_norm(x * 3.0, {64});
    return (y.view({256, 64}).mm(projection).sin() * 0.5).sum();
  }
  Gradients gradients() const {
    Gradients all;
    for (const at::Tensor& leaf : {x, weight, bias, projection}) {
      if (leaf.grad().defined()) all.push_back(leaf.grad().clone());
      leaf.mutable_grad().reset();
    }
    return all;
  }
};

Gradients run(const Block& block, Compression& compression, bool affine = true) {
  for (const at::Tensor& own : {block.weight, block.bias, block.projection}) compression.own(own, Reason::Parameter);
  const auto step = compression.step();
  block.loss(affine).backward();
  return block.gradients();
}

}  // namespace

TEST_CASE("a layer norm's result costs nothing beside its input", "[layer_norm]") {
  const bool affine = GENERATE(true, false);
  Block block;
  block.loss(affine).backward();
  const Gradients plain = block.gradients();
  Compression derived(rounding(8)), stored(rounding(8, false));
  const Gradients with = run(block, derived, affine), without = run(block, stored, affine);
  const SavedTensor& result = record(derived, "mm#1:self");
  CHECK(result.reason == Reason::Derived);
  CHECK(result.shared_with == "native_layer_norm#1:input");
  CHECK(result.stored_bytes == 0);
  CHECK(record(stored, "mm#1:self").reason == Reason::Quantized);
  CHECK(derived.totals().exact_bytes == stored.totals().exact_bytes);
  CHECK(relative_distance(with, plain) < 0.1);
  CHECK(relative_distance(with, plain) < 1.5 * relative_distance(without, plain));
}

TEST_CASE("a result that was changed, or is a part, is stored by itself", "[layer_norm]") {
  Block block;
  Compression compression(rounding(8));
  const auto step = compression.step();
  at::Tensor changed = at::layer_norm(block.x * 3.0, {64}, block.weight, block.bias);
  changed.mul_(2.0);
  const at::Tensor part = at::layer_norm(block.x * 2.0, {64}, block.weight, block.bias).slice(0, 0, 4);
  at::Tensor quietly = at::layer_norm(block.x, {64}, block.weight, block.bias);
  {
    const at::NoGradGuard no_grad;
    quietly.add_(1.0);
  }
  (changed.sin().sum() + part.sin().sum() + quietly.sin().sum()).backward();
  for (const char* id : {"sin#1:self", "sin#2:self", "sin#3:self"}) {
    CHECK(record(compression, id).reason == Reason::Quantized);
  }
}

TEST_CASE("several users of a result, a graph used twice, second derivatives", "[layer_norm]") {
  Block block;
  Compression compression(rounding(8));
  for (const at::Tensor& own : {block.weight, block.bias}) compression.own(own, Reason::Parameter);
  const auto step = compression.step();
  const at::Tensor y = at::layer_norm(block.x * 3.0, {64}, block.weight, block.bias);
  const at::Tensor loss = (y.sin() * y.cos()).sum();
  const auto first = torch::autograd::grad({loss}, {block.x}, {}, true, /*create_graph=*/true)[0];
  const auto again = torch::autograd::grad({loss}, {block.x}, {}, true)[0];
  CHECK(at::allclose(first, again));
  const auto second = torch::autograd::grad({first.pow(2).sum()}, {block.x})[0];
  const Block other;
  const at::Tensor z = at::layer_norm(other.x * 3.0, {64}, other.weight, other.bias);
  const auto exact_first = torch::autograd::grad({(z.sin() * z.cos()).sum()}, {other.x}, {}, true, true)[0];
  const auto exact_second = torch::autograd::grad({exact_first.pow(2).sum()}, {other.x})[0];
  CHECK((first - exact_first).norm().item<double>() < 0.05 * exact_first.norm().item<double>());
  CHECK((second - exact_second).norm().item<double>() < 0.15 * exact_second.norm().item<double>());
}

TEST_CASE("a weight that is changed before the backward pass is noticed", "[layer_norm]") {
  Block block;
  Compression compression(rounding(8));
  compression.own(block.projection, Reason::Parameter);
  compression.own(block.weight, Reason::Parameter);
  at::Tensor loss;
  {
    const auto step = compression.step();
    loss = block.loss();
  }
  {
    const at::NoGradGuard no_grad;
    block.weight.mul_(2.0);
  }
  CHECK_THROWS(loss.backward());
}

TEST_CASE("log_softmax is stored as probabilities: exact where they are zero, without bias elsewhere", "[saved]") {
  const at::Tensor x = (numbers({64, 100}, 64) * 8).requires_grad_();
  const at::Tensor weights = numbers({64, 100}, 65);
  const auto gradient = [&] {
    (at::log_softmax(x, 1) * weights).sum().backward();
    const at::Tensor g = x.grad().clone().to(at::kDouble);
    x.mutable_grad().reset();
    return g;
  };
  const at::Tensor plain = gradient();
  Compression compression(rounding(4));
  compression.own(weights, Reason::Buffer);
  constexpr int kDraws = 200;
  at::Tensor sum = at::zeros_like(plain), squares = at::zeros_like(plain);
  for (int draw = 0; draw < kDraws; ++draw) {
    const auto step = compression.step();
    const at::Tensor error = gradient() - plain;
    sum += error;
    squares += error * error;
  }
  const SavedTensor& result = record(compression, "_log_softmax#1:result");
  CHECK(result.reason == Reason::Quantized);
  CHECK(result.stored_bytes * 7 < result.exact_bytes);
  // Without bias, the square of the mean of n errors is one n-th of the mean of their squares, summed over elements.
  const double mean = (sum / kDraws).square().sum().item<double>();
  const double expected = (squares / kDraws).sum().item<double>() / kDraws;
  CHECK(mean < 1.25 * expected);
  CHECK(mean > 0.75 * expected);
}

}  // namespace terse::act
