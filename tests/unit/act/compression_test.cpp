// Whole networks under compression: which gradients change and which do not, and every way to use a graph.
#include "terse/act/packing/compression.hpp"

#include <thread>

#include "networks.hpp"
#include "terse/act/stored/stored_tensor.hpp"
#include "terse/core/error.hpp"
#include "terse/core/parallel.hpp"
#include "terse_catch.hpp"

namespace terse::act {

using namespace test;

namespace {

CompressionOptions level(Level level, std::uint64_t seed = 0) {
  CompressionOptions options;
  options.level = level;
  options.seed = seed;
  return options;
}

Gradients compressed(torch::nn::Sequential& net, const at::Tensor& x, Compression& compression) {
  const auto step = compression.step();
  return gradients(net, x);
}

}  // namespace

TEST_CASE("level L0 under the hook is bit-identical to no hook", "[compression]") {
  auto net = convolution_net();
  const at::Tensor x = numbers({8, 3, 16, 16}, 2);
  const Gradients plain = gradients(net, x);
  Compression compression(level(Level::L0));
  compression.own(*net);
  compression.batch({x});
  CHECK(identical(compressed(net, x, compression), plain));
  const Totals& totals = compression.totals();
  CHECK(totals.exact_bytes == totals.stored_bytes);
  CHECK(totals.exact_bytes > 0);
}

TEST_CASE("exact bytes do not depend on the level", "[compression]") {
  auto net = convolution_net();
  const at::Tensor x = numbers({8, 3, 16, 16}, 2);
  std::uint64_t exact[2];
  int i = 0;
  for (const Level l : {Level::L0, Level::L1}) {
    Compression compression(level(l));
    compression.own(*net);
    compression.batch({x});
    compressed(net, x, compression);
    exact[i++] = compression.totals().exact_bytes;
  }
  CHECK(exact[0] == exact[1]);
  // Two convolution outputs, ReLU and pooled results, indices (int64), and the small end.
  const std::uint64_t large = 8 * 4 * (2 * 16 * 256 + 16 * 64 + 2 * 32 * 64) + 8 * 8 * 16 * 64;
  CHECK(exact[0] >= large - 8 * 4 * 32 * 64);  // the second ReLU works in place on the batch norm's result
  CHECK(exact[0] <= large + 16384);
}

TEST_CASE("gradients come closer with more bits", "[compression]") {
  auto net = convolution_net();
  const at::Tensor x = numbers({8, 3, 16, 16}, 2);
  const Gradients plain = gradients(net, x);
  double last = 1.0;
  for (const Level l : {Level::L1_2, Level::L1, Level::L1_1}) {
    Compression compression(level(l));
    compression.own(*net);
    compression.batch({x});
    const double distance = relative_distance(compressed(net, x, compression), plain);
    INFO(to_string(l) << " " << distance);
    CHECK(distance > 0);
    CHECK(distance < last / 3);
    last = distance;
    CHECK(compression.totals().stored_bytes * 3 < compression.totals().exact_bytes);
  }
}

TEST_CASE("entropy coding brings gradients closer in no more bytes", "[compression]") {
  auto net = convolution_net();
  const at::Tensor x = numbers({64, 3, 32, 32}, 2);
  const Gradients plain = gradients(net, x);
  double error[2];
  std::uint64_t bytes[2];
  for (const bool entropy : {false, true}) {
    auto options = level(Level::L1_2);
    options.entropy = entropy;
    Compression compression(options);
    compression.own(*net);
    compression.batch({x});
    bool whole = true;
    compression.observe([&](const PackedView& view) {
      if (view.info.reason != Reason::Quantized) return;
      whole = whole && view.payload.size() == quant::payload_bytes(view.info.layout) &&
              view.metadata.size() == quant::metadata_bytes(view.info.layout);
    });
    error[entropy] = relative_distance(compressed(net, x, compression), plain);
    bytes[entropy] = compression.totals().stored_bytes;
    CHECK(whole);
  }
  CHECK(bytes[1] <= bytes[0]);
  CHECK(error[1] < 0.8 * error[0]);
}

TEST_CASE("ReLU and pooling keep their gradients bit-identical", "[compression]") {
  using namespace torch::nn;
  Sequential net(ReLU(), MaxPool2d(2), ReLU(ReLUOptions().inplace(true)), AvgPool2d(2),
                 AdaptiveAvgPool2d(AdaptiveAvgPool2dOptions(1)));
  const at::Tensor x = numbers({8, 16, 16, 16}, 3).requires_grad_();
  (net->forward(x) * numbers({8, 16, 1, 1}, 4)).sum().backward();
  const at::Tensor plain = x.grad().clone();
  x.mutable_grad().reset();
  Compression compression(level(Level::L1_2));
  {
    const auto step = compression.step();
    (net->forward(x) * numbers({8, 16, 1, 1}, 4)).sum().backward();
  }
  CHECK(at::equal(x.grad(), plain));
  CHECK(compression.totals().count_by_reason[static_cast<int>(Reason::Quantized)] == 0);
  CHECK(record(compression, "relu#1:result").reason == Reason::Mask);
  CHECK(record(compression, "relu_#1:result").reason == Reason::Mask);
  CHECK(record(compression, "max_pool2d_with_indices#1:self").reason == Reason::Shape);
  CHECK(record(compression, "max_pool2d_with_indices#1:indices").reason == Reason::Integer);
}

TEST_CASE("the gradient is unbiased", "[compression]") {
  // Linear layers only: their gradients are linear in what they save, so the expectation is the exact gradient.
  using namespace torch::nn;
  Sequential net(Linear(96, 64), Linear(64, 48), Linear(48, 10));
  initialise(*net, 5);
  const at::Tensor x = numbers({32, 96}, 6);
  const at::Tensor target = numbers({32, 10}, 7);
  const auto gradient = [&] {
    net->zero_grad();
    (net->forward(x) * target).sum().backward();
    Gradients out;
    for (const auto& parameter : net->parameters()) out.push_back(parameter.grad().flatten().to(at::kDouble));
    return at::cat(out);
  };
  const at::Tensor plain = gradient();
  CompressionOptions options = level(Level::L1_2, 8);
  options.small_bytes = 0;
  Compression compression(options);
  compression.own(*net);
  constexpr int kDraws = 400;
  at::Tensor sum = at::zeros_like(plain), squares = at::zeros_like(plain);
  for (int i = 0; i < kDraws; ++i) {
    const auto step = compression.step();
    const at::Tensor error = gradient() - plain;
    sum += error;
    squares += error * error;
  }
  const at::Tensor mean = sum / kDraws;
  const at::Tensor deviation = ((squares / kDraws - mean * mean) / (kDraws - 1)).clamp_min(0).sqrt();
  // Per element |mean| ≤ 4 sigma but for the share that 4 sigma leaves of ~9,000 elements, and over all of them.
  const auto noisy = deviation > 1e-9;
  const at::Tensor z = (mean.index({noisy}) / deviation.index({noisy}));
  CHECK((z.abs() > 4.0).sum().item<std::int64_t>() <= 6);
  CHECK(std::abs(z.mean().item<double>()) * std::sqrt(static_cast<double>(z.numel())) < 40);
  CHECK(z.pow(2).mean().item<double>() == Approx(1.0).margin(0.25));
  CHECK(at::allclose(mean.index({at::logical_not(noisy)}), at::zeros({1}, at::kDouble), 0, 1e-4));
}

TEST_CASE("same seed and step, same gradient, for any thread count; another step, another one", "[compression]") {
  auto net = convolution_net();
  const at::Tensor x = numbers({8, 3, 16, 16}, 2);
  const int threads = core::threads();
  const auto at_step = [&](std::uint32_t index) {
    Compression compression(level(Level::L1_2, 9));
    compression.own(*net);
    const auto step = compression.step(index);
    return gradients(net, x);
  };
  const Gradients first = at_step(5);
  CHECK(identical(at_step(5), first));
  CHECK_FALSE(identical(at_step(6), first));
  core::set_threads(1);
  CHECK(identical(at_step(5), first));
  core::set_threads(threads);
}

TEST_CASE("ids are stable over steps and batch sizes and follow module scopes", "[compression]") {
  auto net = convolution_net();
  Compression compression(level(Level::L1));
  std::vector<std::string> ids[2];
  for (int i = 0; i < 2; ++i) {
    compressed(net, numbers({8 + 4 * i, 3, 16, 16}, 2), compression);
    for (const auto& saved : compression.saved()) ids[i].push_back(saved.id);
  }
  CHECK(ids[0] == ids[1]);
  CHECK(record(compression, "convolution#2:input").op == "aten::convolution");
  CHECK(std::set<std::string>(ids[0].begin(), ids[0].end()).size() == ids[0].size());

  const at::Tensor x = numbers({64, 64}, 3).requires_grad_();
  {
    const auto step = compression.step();
    const ModuleScope outer("encoder.0");
    at::Tensor y = x.sin();
    {
      const ModuleScope inner("encoder.0.act");
      y = y.sin().sin();
    }
    y.sin().sum().backward();
  }
  std::vector<std::string> scoped;
  for (const auto& saved : compression.saved()) scoped.push_back(saved.id);
  CHECK(scoped == std::vector<std::string>{"encoder.0/sin#1:self", "encoder.0.act/sin#1:self",
                                           "encoder.0.act/sin#2:self", "encoder.0/sin#2:self"});
}

TEST_CASE("retain_graph, accumulation and double backward work", "[compression]") {
  const at::Tensor w = numbers({64, 64}, 10).requires_grad_();
  const at::Tensor x = numbers({64, 64}, 11).requires_grad_();
  Compression compression(level(Level::L1_1));
  compression.own(w, Reason::Parameter);
  SECTION("a graph used twice gives the same gradient twice") {
    const auto step = compression.step();
    const at::Tensor loss = x.mm(w).tanh().sum();
    loss.backward({}, /*retain_graph=*/true);
    const at::Tensor once = w.grad().clone();
    loss.backward();
    CHECK(at::allclose(w.grad(), 2 * once));
    CHECK_THROWS(loss.backward());  // as without compression: the graph is gone
  }
  SECTION("second derivatives") {
    const auto second = [&] {
      const at::Tensor y = x.mm(w).tanh().sum();
      const at::Tensor first = torch::autograd::grad({y}, {x}, {}, true, /*create_graph=*/true)[0];
      return torch::autograd::grad({first.pow(2).sum()}, {w})[0];
    };
    const at::Tensor plain = second();
    const auto step = compression.step();
    const at::Tensor rounded = second();
    CHECK((rounded - plain).norm().item<double>() < 0.1 * plain.norm().item<double>());
  }
  SECTION("backward after the step and after the compression are gone") {
    at::Tensor loss;
    {
      Compression temporary(level(Level::L1_1));
      const auto step = temporary.step();
      loss = x.mm(w).tanh().sum();
    }
    loss.backward();
    const at::Tensor rounded = w.grad().clone();
    w.mutable_grad().reset();
    x.mm(w).tanh().sum().backward();
    CHECK((rounded - w.grad()).norm().item<double>() < 0.05 * w.grad().norm().item<double>());
  }
}

TEST_CASE("steps do not nest, and threads are apart", "[compression]") {
  Compression one(level(Level::L1)), other(level(Level::L1));
  const auto step = one.step();
  CHECK_THROWS_AS(other.step(), Error);
  std::thread([&] {
    CHECK_THROWS_AS(one.step(), Error);
    const at::Tensor x = numbers({64, 64}, 14).requires_grad_();
    x.sin().sum().backward();  // this thread is in no step: nothing is recorded
    const auto another = other.step();
    x.sin().sum().backward();
    CHECK(other.saved().size() == 1);
  }).join();
  CHECK(one.saved().empty());
}

TEST_CASE("an exception ends the step", "[compression]") {
  Compression compression(level(Level::L1));
  CHECK_THROWS_AS(
      [&] {
        const auto step = compression.step();
        throw std::runtime_error("user code");
      }(),
      std::runtime_error);
  CHECK_NOTHROW(compression.step());
}

TEST_CASE("the observer sees content and bytes of every saved tensor", "[compression]") {
  auto net = convolution_net();
  Compression compression(level(Level::L1));
  compression.own(*net);
  std::size_t seen = 0;
  std::uint64_t stored = 0;
  compression.observe([&](const PackedView& view) {
    ++seen;
    stored += view.payload.size() + view.metadata.size();
    if (view.info.reason == Reason::Quantized) {
      CHECK(view.payload.size() == quant::payload_bytes(view.info.layout));
      CHECK(view.info.survey.minimum == Approx(view.exact.min().item<double>()));
      CHECK(view.info.survey.maximum == Approx(view.exact.max().item<double>()));
    }
  });
  compressed(net, numbers({8, 3, 16, 16}, 2), compression);
  CHECK(seen == compression.totals().tensors);
  CHECK(seen == compression.saved().size());
  CHECK(stored <= compression.totals().stored_bytes);
  compression.observe({});
  compressed(net, numbers({8, 3, 16, 16}, 2), compression);
  CHECK(seen == compression.totals().tensors);
}

TEST_CASE("levels by name", "[compression]") {
  for (const Level l : {Level::L0, Level::L1, Level::L1_1, Level::L1_2}) CHECK(level_from_string(to_string(l)) == l);
  CHECK_THROWS_AS(level_from_string("L9"), Error);
  CHECK(to_string(Reason::NonFinite) == "non-finite");
  CHECK(to_string(Reason::Critical) == "critical");
}

}  // namespace terse::act
