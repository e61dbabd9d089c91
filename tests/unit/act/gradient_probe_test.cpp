#include "terse/act/probing/gradient_probe.hpp"

#include <cmath>
#include <map>

#include "networks.hpp"
#include "terse/act/bits/sensitivity.hpp"
#include "terse_catch.hpp"

namespace terse::act {
namespace {

using test::Gradients;
using test::numbers;

constexpr int kExactBits = 32;

/// A network and a batch whose gradients are asked for under any choice of bits.
struct Bench {
  torch::nn::Sequential net;
  at::Tensor x;

  Compression compression(std::map<std::string, int> bits_of) const {
    return Compression({.level = Level::L1, .bits_of = std::move(bits_of), .seed = 3});
  }

  at::Tensor loss() {
    const at::Tensor labels = at::arange(x.size(0), at::kLong).remainder(10);
    return torch::nn::functional::cross_entropy(net->forward(x), labels);
  }

  Gradients gradients(Compression& compression, std::uint32_t step) {
    const auto guard = compression.step(step);
    return test::gradients(net, x);
  }

  std::vector<std::string> rounded() {
    Compression all({.level = Level::L1});
    all.own(*net);
    all.batch({x});
    gradients(all, 0);
    std::vector<std::string> ids;
    for (const auto& saved : all.saved()) {
      if (saved.reason == Reason::Quantized) ids.push_back(saved.id);
    }
    return ids;
  }
};

double squared(const Gradients& a, const Gradients& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]).to(at::kDouble).square().sum().item<double>();
  return sum;
}

/// The mean over draws of the squared distance from the exact gradient where `id` alone is rounded, over S.
double by_brute_force(Bench& bench, const std::vector<std::string>& ids, const std::string& id, std::uint32_t draws) {
  std::map<std::string, int> bits;
  for (const auto& other : ids) bits[other] = kExactBits;
  Compression exact_compression({.level = Level::L1, .bits_of = bits, .seed = 3});
  exact_compression.own(*bench.net);
  exact_compression.batch({bench.x});
  const Gradients exact = bench.gradients(exact_compression, 0);
  bits[id] = 4;
  Compression one({.level = Level::L1, .bits_of = bits, .seed = 3});
  one.own(*bench.net);
  one.batch({bench.x});
  double sum = 0;
  for (std::uint32_t draw = 0; draw < draws; ++draw) sum += squared(bench.gradients(one, draw), exact);
  return sum / draws / rounding_variance_of_bits(4);
}

std::map<std::string, double> by_probes(Bench& bench, const std::vector<std::string>& ids, std::uint32_t draws,
                                        std::map<std::string, double>& reach) {
  Compression compression({.level = Level::L1, .seed = 3});
  compression.own(*bench.net);
  compression.batch({bench.x});
  std::map<std::string, double> sums;
  for (std::uint32_t draw = 0; draw < draws; ++draw) {
    compression.probe({ids.begin(), ids.end()});
    const auto guard = compression.step(draw);
    bench.net->zero_grad();
    const at::Tensor loss = bench.loss();
    GradientProbe probe(bench.net->parameters(), [&](const ProbeResult& result) {
      sums[result.id] += result.sensitivity / draws;
      reach[result.id] = result.reach;
    });
    probe.attach(loss, compression.take_probes());
    loss.backward();
  }
  return sums;
}

void check_against_brute_force(Bench bench) {
  const auto ids = bench.rounded();
  REQUIRE(ids.size() >= 2);
  std::map<std::string, double> reach;
  const auto probed = by_probes(bench, ids, 24, reach);
  REQUIRE(probed.size() == ids.size());
  for (const auto& id : ids) {
    const double expected = by_brute_force(bench, ids, id, 24);
    INFO(id << ": probed " << probed.at(id) << ", by brute force " << expected);
    // The means of 24 draws of sums of squares, both with few effective degrees of freedom, and the first-order model.
    CHECK(probed.at(id) > 0.7 * expected);
    CHECK(probed.at(id) < 1.4 * expected);
    CHECK(reach.at(id) > 0);
    CHECK(reach.at(id) < 1);
  }
}

TEST_CASE("a probe of the backward pass finds what whole steps find") {
  SECTION("convolutions and batch norms") {
    check_against_brute_force({test::convolution_net(), numbers({16, 3, 16, 16}, 7)});
  }
  SECTION("smooth activations and layer norm") {
    using namespace torch::nn;
    Sequential net(Linear(32, 64), GELU(), LayerNorm(LayerNormOptions({64})), Linear(64, 64), Tanh(), Linear(64, 10));
    test::initialise(*net, 5);
    check_against_brute_force({net, numbers({64, 32}, 8)});
  }
}

TEST_CASE("probes leave the pass as it is") {
  Bench bench{test::convolution_net(), numbers({8, 3, 16, 16}, 7)};
  const auto ids = bench.rounded();
  Compression plain({.level = Level::L1, .seed = 3}), probed({.level = Level::L1, .seed = 3});
  for (auto* compression : {&plain, &probed}) {
    compression->own(*bench.net);
    compression->batch({bench.x});
  }
  const Gradients expected = bench.gradients(plain, 5);
  std::vector<at::Tensor> buffers;
  for (const auto& buffer : bench.net->buffers()) buffers.push_back(buffer.clone());

  const auto alive = StoredTensor::alive();
  std::size_t results = 0;
  {
    probed.probe({ids.begin(), ids.end()});
    const auto guard = probed.step(5);
    bench.net->zero_grad();
    const at::Tensor loss = bench.loss();
    GradientProbe probe(bench.net->parameters(), [&](const ProbeResult&) { ++results; });
    probe.attach(loss, probed.take_probes());
    loss.backward();
  }
  CHECK(results == ids.size());
  Gradients found;
  for (const auto& parameter : bench.net->parameters()) found.push_back(parameter.grad());
  CHECK(test::identical(found, expected));
  CHECK(StoredTensor::alive() == alive);
  // Batch statistics have moved by one forward pass, not by one a probe: the tracked count says so.
  for (std::size_t i = 0; i < buffers.size(); ++i) {
    if (buffers[i].dim() == 0)
      CHECK(bench.net->buffers()[i].item<std::int64_t>() == buffers[i].item<std::int64_t>() + 1);
  }
}

TEST_CASE("a probe that outlives its object does nothing") {
  Bench bench{test::convolution_net(), numbers({4, 3, 16, 16}, 7)};
  const auto ids = bench.rounded();
  Compression compression({.level = Level::L1, .seed = 3});
  compression.own(*bench.net);
  compression.probe({ids.begin(), ids.end()});
  const auto guard = compression.step();
  const at::Tensor loss = bench.loss();
  bool called = false;
  {
    GradientProbe(bench.net->parameters(), [&](const ProbeResult&) {
      called = true;
    }).attach(loss, compression.take_probes());
  }
  loss.backward();
  CHECK_FALSE(called);
}

TEST_CASE("a kept tensor is probed against its rounded form") {
  Bench bench{test::convolution_net(), numbers({16, 3, 16, 16}, 7)};
  const auto ids = bench.rounded();
  std::map<std::string, int> bits;
  for (const auto& id : ids) bits[id] = kExactBits;
  Compression compression({.level = Level::L1, .bits_of = bits, .seed = 3});
  compression.own(*bench.net);
  compression.batch({bench.x});
  compression.probe({ids.begin(), ids.end()});
  const auto guard = compression.step();
  const auto loss = bench.loss();
  const auto probes = compression.take_probes();
  REQUIRE(probes.size() == ids.size());
  for (const Probe& probe : probes) CHECK(probe.noise == Approx(rounding_variance_of_bits(4)));
}

}  // namespace
}  // namespace terse::act
