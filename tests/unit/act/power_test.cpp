// Powers: what their backward pass is linear in is rounded, so that rounding adds noise and no bias.
#include "networks.hpp"
#include "terse_catch.hpp"

namespace terse::act {

using namespace test;

namespace {

constexpr int kDraws = 256;

/// Squared norms over the elements of a gradient, of which draws were averaged.
struct Bias {
  double of_mean = 0;   ///< the mean's distance from the exact gradient
  double of_noise = 0;  ///< what of that the draws' own variance explains
  double exact = 0;
};

Bias measure(const at::Tensor& x, double exponent, int bits) {
  const at::Tensor weights = numbers(x.sizes().vec(), 41);
  const at::Tensor leaf = x.detach().clone().requires_grad_();
  const auto gradient = [&] {
    ((leaf * 1.0).pow(exponent) * weights).sum().backward();
    const at::Tensor g = leaf.grad().to(at::kDouble);
    leaf.mutable_grad().reset();
    return g;
  };
  const at::Tensor exact = gradient();
  Compression compression(rounding(bits));
  compression.own(weights, Reason::Buffer);
  at::Tensor sum = at::zeros_like(exact), squares = at::zeros_like(exact);
  for (int draw = 0; draw < kDraws; ++draw) {
    const auto step = compression.step();
    const at::Tensor g = gradient();
    sum += g;
    squares += g * g;
  }
  CHECK(record(compression, "pow#1:self").reason == Reason::Quantized);
  const at::Tensor mean = sum / kDraws, variance = (squares / kDraws - mean * mean) * kDraws / (kDraws - 1);
  const auto squared = [](const at::Tensor& t) { return t.pow(2).sum().item<double>(); };
  return {squared(mean - exact), variance.sum().item<double>() / kDraws, squared(exact)};
}

}  // namespace

TEST_CASE("the gradient of a power has no bias at any bits", "[power]") {
  const at::Tensor x = numbers({32, 256}, 40) * 3;
  for (const double exponent : {2.0, 3.0, 4.0}) {
    for (const int bits : {1, 2, 4, 8}) {
      const Bias bias = measure(x, exponent, bits);
      INFO("x^" << exponent << " at " << bits << " bits: mean off by " << std::sqrt(bias.of_mean / bias.exact)
                << ", of which noise " << std::sqrt(bias.of_noise / bias.exact));
      // 8,192 elements: the ratio of both has a standard error of about sqrt(2 / 8,192).
      CHECK(bias.of_mean < 1.1 * bias.of_noise + 1e-12 * bias.exact);
      CHECK(bias.of_mean - bias.of_noise < 0.02 * 0.02 * bias.exact);
    }
  }
}

TEST_CASE("powers that no rounding is right for are kept", "[power]") {
  const at::Tensor x = (numbers({64, 64}, 42) + 2).requires_grad_();
  for (const double exponent : {-1.0, 0.5, 2.5, 5.0}) {
    Compression compression({.level = Level::L1});
    {
      const auto step = compression.step();
      (x * 1.0).pow(exponent).sum().backward();
    }
    CHECK(record(compression, "pow#1:self").reason == Reason::Critical);
  }
  // An exponent that is a tensor.
  Compression compression({.level = Level::L1});
  {
    const auto step = compression.step();
    at::pow(x * 1.0, at::full({64}, 2.0)).sum().backward();
  }
  CHECK(record(compression, "pow#1:self").reason == Reason::Critical);
}

TEST_CASE("a square shares what else is stored of its operand, and a cube has a form of its own", "[power]") {
  const at::Tensor x = numbers({64, 64}, 43).requires_grad_(), y = numbers({64, 64}, 44).requires_grad_();
  Compression compression({.level = Level::L1});
  {
    const auto step = compression.step();
    const at::Tensor a = x * 1.0;
    const at::Tensor square = a.pow(2), product = a * y, cube = a.pow(3);
    (square + product + cube).sum().backward();
  }
  CHECK(record(compression, "pow#1:self").reason == Reason::Quantized);
  CHECK(record(compression, "mul#1:self").shared_with == "pow#1:self");
  CHECK(record(compression, "pow#2:self").shared_with.empty());
  CHECK(record(compression, "pow#2:self").reason == Reason::Quantized);
}

}  // namespace terse::act
