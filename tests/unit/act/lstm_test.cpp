// act::lstm against LibTorch's own, and what it keeps.
#include "terse/act/operators/lstm.hpp"

#include "networks.hpp"
#include "terse_catch.hpp"

namespace terse::act {

using namespace test;

namespace {

struct Layer {
  std::int64_t tokens;
  at::Tensor x = numbers({6, tokens, 20}, 70).requires_grad_();
  at::Tensor weight_ih = (numbers({64, 20}, 71) * 0.3).detach().requires_grad_();
  at::Tensor weight_hh = (numbers({64, 16}, 72) * 0.3).detach().requires_grad_();
  at::Tensor bias_ih = numbers({64}, 73).requires_grad_(), bias_hh = numbers({64}, 74).requires_grad_();
  at::Tensor towards = numbers({6, tokens, 16}, 75);

  at::Tensor states(bool ours) const {
    const auto input = x * 0.5;
    if (ours) return lstm(input, weight_ih, weight_hh, bias_ih, bias_hh);
    const auto start = at::zeros({1, 6, 16});
    return std::get<0>(
        at::lstm(input, {start, start}, {weight_ih, weight_hh, bias_ih, bias_hh}, true, 1, 0.0, true, false, true));
  }
  Gradients gradients(bool ours) const {
    (states(ours) * towards).sum().backward();
    Gradients all;
    for (const at::Tensor& leaf : {x, weight_ih, weight_hh, bias_ih, bias_hh}) {
      all.push_back(leaf.grad().clone());
      leaf.mutable_grad().reset();
    }
    return all;
  }
  Gradients gradients_under(Compression& compression) const {
    for (const at::Tensor& own : {weight_ih, weight_hh, bias_ih, bias_hh}) compression.own(own, Reason::Parameter);
    const auto step = compression.step();
    return gradients(true);
  }
};

}  // namespace

TEST_CASE("an LSTM's states and gradients are LibTorch's", "[lstm]") {
  for (const std::int64_t tokens : {1, 2, 9}) {
    const Layer layer{tokens};
    CHECK(at::allclose(layer.states(true), layer.states(false), 1e-5, 1e-6));
    CHECK(relative_distance(layer.gradients(true), layer.gradients(false)) < 1e-5);
  }
}

TEST_CASE("an LSTM keeps its input, gates and cells, and they can be rounded", "[lstm]") {
  const Layer layer{40};
  const auto plain = layer.gradients(true);
  Compression exact({.level = Level::L0});
  CHECK(relative_distance(layer.gradients_under(exact), plain) == 0);
  CHECK(record(exact, "lstm#1:input").exact_bytes == 6 * 40 * 20 * 4);
  CHECK(record(exact, "lstm#1:gates").exact_bytes == 6 * 40 * 64 * 4);
  CHECK(record(exact, "lstm#1:cells").exact_bytes == 6 * 40 * 16 * 4);
  CHECK(exact.totals().exact_bytes == 6 * 40 * (20 + 64 + 16 + 16) * 4);  // and what the states are multiplied by
  double before = 0;
  for (const int bits : {8, 4, 2}) {
    Compression compression(rounding(bits));
    const auto rounded = layer.gradients_under(compression);
    for (const auto* id : {"lstm#1:input", "lstm#1:gates", "lstm#1:cells"}) {
      CHECK(record(compression, id).reason == Reason::Quantized);
    }
    const double distance = relative_distance(rounded, plain);
    INFO(bits << " bits: " << distance);
    CHECK(distance > before);
    CHECK(distance < (bits == 8 ? 0.05 : bits == 4 ? 0.5 : 3));
    before = distance;
  }
  // Noise, not bias: the mean over many draws comes near.
  Gradients sum;
  constexpr int kDraws = 64;
  Compression compression(rounding(4));
  for (int draw = 0; draw < kDraws; ++draw) {
    auto one = layer.gradients_under(compression);
    for (std::size_t i = 0; i < one.size(); ++i) {
      if (draw == 0) sum.push_back(at::zeros_like(one[i]));
      sum[i] += one[i] / kDraws;
    }
  }
  const double one = relative_distance(layer.gradients_under(compression), plain), mean = relative_distance(sum, plain);
  INFO("one draw " << one << ", mean of " << kDraws << ' ' << mean);
  CHECK(mean < one / 3);
}

}  // namespace terse::act
