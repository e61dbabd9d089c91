// act::lstm against LibTorch's own, and what it keeps.
#include "terse/act/operators/lstm.hpp"

#include <array>

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
  // And what the states are multiplied by; the first state and cell are one tensor of zeros.
  CHECK(exact.totals().exact_bytes == 6 * 40 * (20 + 64 + 16 + 16) * 4 + 6 * 16 * 4);
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

namespace {

/// Layers as aten::lstm.input takes them, with first states that are not zero.
struct Layers {
  std::int64_t layers, directions, projection, tokens;
  bool biases, batch_first;
  static constexpr std::int64_t kBatch = 6, kWidth = 20, kHidden = 16;
  std::vector<at::Tensor> leaves{};  // x, hx, cx, weights
  at::Tensor towards[3]{};

  Layers& make() {
    const auto state = projection > 0 ? projection : kHidden;
    const auto leaf = [&](std::vector<std::int64_t> sizes, double scale) {
      const auto seed = static_cast<std::uint32_t>(80 + leaves.size());
      leaves.push_back((numbers(std::move(sizes), seed) * scale).detach().requires_grad_());
    };
    leaf(batch_first ? std::vector{kBatch, tokens, kWidth} : std::vector{tokens, kBatch, kWidth}, 1);
    leaf({layers * directions, kBatch, state}, 0.5);
    leaf({layers * directions, kBatch, kHidden}, 0.5);
    for (std::int64_t k = 0; k < layers * directions; ++k) {
      leaf({4 * kHidden, k < directions ? kWidth : state * directions}, 0.3);
      leaf({4 * kHidden, state}, 0.3);
      if (biases) leaf({4 * kHidden}, 0.5);
      if (biases) leaf({4 * kHidden}, 0.5);
      if (projection > 0) leaf({projection, kHidden}, 0.3);
    }
    const auto wide = state * directions;
    towards[0] = numbers(batch_first ? std::vector{kBatch, tokens, wide} : std::vector{tokens, kBatch, wide}, 70);
    towards[1] = numbers({layers * directions, kBatch, state}, 71);
    towards[2] = numbers({layers * directions, kBatch, kHidden}, 72);
    return *this;
  }

  std::array<at::Tensor, 3> results(bool ours, double dropout = 0) const {
    const std::vector<at::Tensor> weights(leaves.begin() + 3, leaves.end());
    const bool both = directions == 2;
    at::manual_seed(5);
    const auto [y, h, c] =
        ours ? lstm({.input = leaves[0] * 1.0,
                     .hx = leaves[1] * 1.0,
                     .cx = leaves[2] * 1.0,
                     .weights = weights,
                     .biases = biases,
                     .projects = projection > 0,
                     .layers = layers,
                     .dropout = dropout,
                     .bidirectional = both,
                     .batch_first = batch_first})
             : at::lstm(leaves[0], {leaves[1], leaves[2]}, weights, biases, layers, dropout, true, both, batch_first);
    return {y, h, c};
  }

  /// @param which  of the results the loss is made of, as bits
  Gradients gradients(bool ours, int which = 7) const {
    const auto found = results(ours);
    at::Tensor loss = at::zeros({});
    for (std::size_t i = 0; i < 3; ++i) {
      if (which >> i & 1) loss = loss + (found[i] * towards[i]).sum();
    }
    loss.backward();
    Gradients all;
    for (const at::Tensor& one : leaves) {
      all.push_back(one.grad().defined() ? one.grad().clone() : at::zeros_like(one));
      one.mutable_grad().reset();
    }
    return all;
  }
};

}  // namespace

TEST_CASE("layers, directions, projections and first states of an LSTM are LibTorch's", "[lstm]") {
  for (const std::int64_t layers : {1, 2}) {
    for (const std::int64_t directions : {1, 2}) {
      for (const std::int64_t projection : {0, 5}) {
        for (const bool biases : {true, false}) {
          for (const std::int64_t tokens : {1, 7}) {
            const Layers net = Layers{layers, directions, projection, tokens, biases, layers == directions}.make();
            INFO(layers << " layers, " << directions << " directions, projection " << projection << ", biases "
                        << biases << ", tokens " << tokens);
            const auto ours = net.results(true), theirs = net.results(false);
            for (std::size_t i = 0; i < 3; ++i) CHECK(at::allclose(ours[i], theirs[i], 1e-5, 1e-5));
            CHECK(relative_distance(net.gradients(true), net.gradients(false)) < 1e-5);
          }
        }
      }
    }
  }
  const Layers net = Layers{2, 2, 0, 7, true, true}.make();
  for (const int which : {1, 2, 4})
    CHECK(relative_distance(net.gradients(true, which), net.gradients(false, which)) < 1e-5);
  // The same random numbers between layers.
  CHECK(at::allclose(net.results(true, 0.3)[0], net.results(false, 0.3)[0], 1e-5, 1e-5));
}

}  // namespace terse::act
