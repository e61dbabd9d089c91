// Operators whose backward pass needs less than the values: bit-identical gradients at few bits.
#include "networks.hpp"
#include "terse/act/stored/pool_window.hpp"
#include "terse_catch.hpp"

namespace terse::act {

using namespace test;

namespace {

/// Checks that `f` has the same gradient under L1.2 as without compression, bit for bit, and what it stores.
void check_exact(const std::function<at::Tensor(const at::Tensor&)>& f, const at::Tensor& x, double most_bits) {
  const at::Tensor plain = x.detach().clone().requires_grad_(), under = x.detach().clone().requires_grad_();
  const at::Tensor weights = numbers(f(x).sizes().vec(), 99);
  (f(plain * 1.0) * weights).sum().backward();
  CompressionOptions options;
  options.level = Level::L1_2;
  Compression compression(options);
  compression.own(weights, Reason::Buffer);
  {
    const auto step = compression.step();
    (f(under * 1.0) * weights).sum().backward();
  }
  CHECK(at::equal(plain.grad(), under.grad()));
  CHECK(compression.totals().count_by_reason[static_cast<int>(Reason::Quantized)] == 0);
  CHECK(static_cast<double>(compression.totals().stored_bytes) * 8 <=
        most_bits * static_cast<double>(x.numel()) + 1024);
}

at::Tensor input(std::vector<std::int64_t> sizes) {
  at::Tensor x = numbers(std::move(sizes), 31) * 5;
  auto flat = x.view({-1});
  // Elements on the ends of the intervals and on zero.
  const double ends[] = {-3, 3, 0, -1, 1, 0.5, 6, -0.0};
  for (std::int64_t i = 0; i < 64; ++i) flat[i * 7] = ends[i % 8];
  return x;
}

}  // namespace

TEST_CASE("piecewise linear operators store one bit an element", "[exact]") {
  const at::Tensor x = input({8, 16, 8, 8});
  check_exact([](const at::Tensor& t) { return at::relu(t); }, x, 1);
  check_exact([](const at::Tensor& t) { return at::relu6(t); }, x, 1);
  check_exact([](const at::Tensor& t) { return at::hardtanh(t, -1, 0.5); }, x, 1);
  check_exact(
      [](const at::Tensor& t) {
        auto y = t * 1.0;
        return at::hardtanh_(y, -1, 1);
      },
      x, 1);
  check_exact([](const at::Tensor& t) { return at::hardsigmoid(t); }, x, 1);
  check_exact([](const at::Tensor& t) { return at::leaky_relu(t, 0.1); }, x, 1);
  check_exact(
      [](const at::Tensor& t) {
        auto y = t * 1.0;
        return at::leaky_relu_(y, 0.1);
      },
      x, 1);
  check_exact([](const at::Tensor& t) { return at::threshold(t, 0.5, 20); }, x, 1);
  check_exact([](const at::Tensor& t) { return at::clamp(t, -1, 1); }, x, 1);
  check_exact([](const at::Tensor& t) { return at::clamp(t, -1, std::nullopt); }, x, 1);
  check_exact([](const at::Tensor& t) { return at::clamp_min(t, 0.5); }, x, 1);
  check_exact([](const at::Tensor& t) { return at::clamp_max(t, 0.5); }, x, 1);
  check_exact([](const at::Tensor& t) { return at::hardshrink(t); }, x, 1);
  check_exact([](const at::Tensor& t) { return at::softshrink(t, 0.7); }, x, 1);
  check_exact([](const at::Tensor& t) { return at::abs(t); }, x, 1.8);
  check_exact([](const at::Tensor& t) { return at::abs(t.transpose(1, 3)); }, x, 1.8);
  check_exact([](const at::Tensor& t) { return at::abs(t); }, x + 0.7, 1);  // no zeros: two values
  check_exact([](const at::Tensor& t) { return at::relu6(t); }, x.to(at::kDouble), 1);
  check_exact([](const at::Tensor& t) { return at::relu6(t.transpose(1, 3)); }, x, 1);
}

TEST_CASE("operators that compare elements keep them", "[exact]") {
  const at::Tensor x = input({8, 16, 8, 8});
  check_exact([](const at::Tensor& t) { return at::clamp(t, at::full({8}, -1.0), at::full({8}, 1.0)); }, x, 32);
  check_exact([](const at::Tensor& t) { return at::amax(t, {2, 3}); }, x, 33);
}

TEST_CASE("a sign that is copied costs what signs cost", "[exact]") {
  const at::Tensor x = input({8, 16, 8, 8});
  check_exact([](const at::Tensor& t) { return at::copysign(t, -1.0); }, x, 2.8);
}

TEST_CASE("what backward needs the sizes of costs nothing", "[exact]") {
  const at::Tensor x = numbers({8, 16, 8, 8}, 38);
  check_exact([](const at::Tensor& t) { return at::reflection_pad2d(t, {1, 2, 1, 2}); }, x, 0);
  check_exact([](const at::Tensor& t) { return at::replication_pad2d(t, {1, 2, 1, 2}); }, x, 0);
  check_exact([](const at::Tensor& t) { return at::masked_select(t, t > 0); }, x, 1.1);
}

TEST_CASE("what an operator writes while it runs is read once it has run", "[exact]") {
  // rrelu saves the noise, and then draws it.
  const at::Tensor x = numbers({64, 64}, 39) * 3;
  for (const bool in_place : {false, true}) {
    const auto gradient = [&](Compression* compression) {
      at::manual_seed(5);
      const at::Tensor leaf = x.clone().requires_grad_();
      std::optional<Compression::Step> step;
      if (compression) step.emplace(compression->step());
      at::Tensor y = leaf * 1.0;
      y = in_place ? at::rrelu_(y, 0.1, 0.4, true) : at::rrelu(y, 0.1, 0.4, true);
      (y * 2).sum().backward();
      return leaf.grad();
    };
    const at::Tensor exact = gradient(nullptr);
    for (const Level level : {Level::L1_2, Level::L0}) {
      Compression compression({.level = level});
      CHECK(at::equal(gradient(&compression), exact));
    }
  }
}

TEST_CASE("of two pieces none becomes the other", "[exact]") {
  // Slopes of SELU differ by a factor of 1.7 at zero, those of PReLU by 4. One element in eight is zero.
  const at::Tensor x = input({64, 64});
  const at::Tensor slope = at::full({1}, 0.25);
  const auto gradient = [&](bool is_prelu, Compression* compression, std::uint32_t draw) {
    const at::Tensor leaf = x.clone().requires_grad_(), weight = slope.clone().requires_grad_();
    std::optional<Compression::Step> step;
    if (compression) step.emplace(compression->step(draw));
    const at::Tensor y = is_prelu ? at::prelu(leaf * 1.0, weight) : at::selu(leaf * 1.0);
    y.sum().backward();
    return std::pair(leaf.grad(), weight.grad());
  };
  for (const bool is_prelu : {true, false}) {
    const auto exact = gradient(is_prelu, nullptr, 0);
    Compression compression({.level = Level::L1_2});
    double sum = 0, squares = 0;
    constexpr int kDraws = 64;
    for (int draw = 0; draw < kDraws; ++draw) {
      const auto found = gradient(is_prelu, &compression, static_cast<std::uint32_t>(draw));
      CHECK(at::equal(found.first.masked_select(x > 0), exact.first.masked_select(x > 0)));
      if (!is_prelu) continue;
      CHECK(at::equal(found.first, exact.first));
      const double off = (found.second - exact.second).item<double>();
      sum += off;
      squares += off * off;
    }
    const double mean = sum / kDraws, error = std::sqrt((squares / kDraws - mean * mean) / kDraws);
    CHECK(std::abs(mean) <= 4 * error);
    CHECK(compression.totals().stored_bytes * 8 <= static_cast<std::uint64_t>(x.numel()) * 6 + 8192);
  }
}

TEST_CASE("pooling stores positions within the window", "[exact]") {
  const at::Tensor x = numbers({4, 8, 23, 30}, 32);
  check_exact([](const at::Tensor& t) { return at::max_pool2d(t, {2, 2}); }, x, 0.5);
  check_exact([](const at::Tensor& t) { return at::max_pool2d(t, {3, 3}, {2, 2}, {1, 1}); }, x, 1.1);
  check_exact([](const at::Tensor& t) { return at::max_pool2d(t, {3, 2}, {1, 2}, {1, 0}, {2, 3}); }, x, 3);
  check_exact([](const at::Tensor& t) { return at::max_pool2d(t, {3, 3}, {2, 2}, {1, 1}, {1, 1}, true); }, x, 1.2);
  check_exact([](const at::Tensor& t) { return at::max_pool2d(t[0], {2, 2}); }, x, 0.5);
  check_exact(
      [](const at::Tensor& t) {
        return at::max_pool2d(t, {2, 2});
      },
      x.contiguous(at::MemoryFormat::ChannelsLast), 0.5);
  check_exact([](const at::Tensor& t) { return at::avg_pool2d(t, {2, 2}); }, x, 0);
  check_exact([](const at::Tensor& t) { return at::adaptive_avg_pool2d(t, {2, 2}); }, x, 0);
  check_exact([](const at::Tensor& t) { return std::get<0>(at::adaptive_max_pool2d(t, {2, 2})); }, x, 1);
}

TEST_CASE("what is added at indices is not stored", "[exact]") {
  const at::Tensor x = numbers({64, 32}, 37);
  const at::Tensor index = at::arange(64).remainder(7);
  check_exact([&](const at::Tensor& t) { return at::zeros({7, 32}).index_add(0, index, t); }, x, 2);
  check_exact([&](const at::Tensor& t) { return at::zeros({7, 32}).index_add(0, index, t, 0.5); }, x, 2);
}

TEST_CASE("pooled indices survive a second backward pass while the first's are alive", "[exact]") {
  const at::Tensor x = numbers({4, 8, 16, 16}, 33).requires_grad_();
  Compression compression({.level = Level::L1});
  const auto step = compression.step();
  const at::Tensor loss = at::max_pool2d(x * 1.0, {2, 2}).sum();
  const auto first = torch::autograd::grad({loss}, {x}, {}, true, true)[0];
  const auto second = torch::autograd::grad({loss}, {x}, {}, true, true)[0];
  CHECK(at::equal(first, second));
}

TEST_CASE("fused attention's logarithms are kept where its output is not derived", "[exact]") {
  Compression compression({.level = Level::L1, .derive = false});
  const at::Tensor x = numbers({2, 3, 40, 16}, 35).requires_grad_();
  {
    const auto step = compression.step();
    at::scaled_dot_product_attention(x * 1.0, x * 2.0, x * 0.5).sin().sum().backward();
  }
  const std::string id = "_scaled_dot_product_flash_attention_for_cpu#1:";
  const SavedTensor& logsumexp = record(compression, id + "logsumexp");
  CHECK(logsumexp.shape == std::vector<std::int64_t>{2, 3, 40});
  CHECK((logsumexp.reason == Reason::Critical || logsumexp.reason == Reason::Small));
  const SavedTensor& output = record(compression, id + "output");
  CHECK(output.shape == std::vector<std::int64_t>{2, 3, 40, 16});
  CHECK((output.reason == Reason::Quantized || output.reason == Reason::Shared));
}

TEST_CASE("what is exponentiated again is rounded no coarser than its logits allow", "[exact]") {
  const at::Tensor base = numbers({2, 3, 40, 16}, 36);
  const std::string id = "_scaled_dot_product_flash_attention_for_cpu#1:";
  const auto bits_of = [&](double scale, const std::string& role) {
    CompressionOptions options = rounding(1);
    options.bits_of = {{id + "query", 1}};
    Compression compression(options);
    const at::Tensor x = (base * scale).requires_grad_();
    const auto step = compression.step();
    at::scaled_dot_product_attention(x * 1.0, x * 2.0, x * 0.5).sin().sum().backward();
    return static_cast<int>(record(compression, id + role).layout.bits);
  };
  CHECK(bits_of(0.1, "query") == 1);  // logits near zero
  CHECK(bits_of(2, "query") > 2);     // whatever was asked for
  CHECK(bits_of(2, "key") > 2);
  CHECK(bits_of(2, "value") == 1);
  CHECK(bits_of(4, "query") > bits_of(2, "query"));
}

TEST_CASE("dropout's noise is two values, comparisons are bits", "[exact]") {
  const at::Tensor x = numbers({64, 64}, 34).requires_grad_();
  Compression compression({.level = Level::L1});
  at::Tensor y;
  {
    const auto step = compression.step();
    y = at::dropout(x * 1.0, 0.3, true);
    y.sum().backward();
  }
  CHECK(at::equal(x.grad() != 0, y != 0));
  CHECK(compression.totals().stored_bytes <= 64 * 64 / 8 + 64);
}

}  // namespace terse::act
