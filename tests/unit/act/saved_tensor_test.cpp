// What one saved tensor becomes and how it comes back.
#include "networks.hpp"
#include "terse/act/stored/stored_tensor.hpp"
#include "terse/core/error.hpp"
#include "terse_catch.hpp"

namespace terse::act {

using namespace test;

namespace {

CompressionOptions bits(int count) {
  CompressionOptions options;
  options.bits = count;
  return options;
}

/// A non-leaf tensor with x's elements, sizes and strides, so that nothing recognises it.
at::Tensor attached(const at::Tensor& x) { return x.detach().requires_grad_(); }

}  // namespace

TEST_CASE("floating tensors come back within a step of their group, with sizes, strides and type", "[saved]") {
  Compression compression(bits(8));
  const at::Tensor base = numbers({8, 12, 20}, 3);
  const at::Tensor views[] = {base,
                              base.transpose(0, 2),
                              base.permute({1, 2, 0}),
                              base.slice(2, 0, 20, 2),
                              base.slice(1, 1, 11),
                              base.select(0, 4).expand({4, 12, 20}),
                              base.to(at::kDouble),
                              base.to(at::kHalf),
                              base.to(at::kBFloat16)};
  for (const at::Tensor& view : views) {
    const at::Tensor x = attached(view);
    const at::Tensor back = round_trip(compression, x);
    INFO(x.sizes() << " " << x.strides() << " " << x.dtype());
    CHECK(compression.saved().at(0).reason == Reason::Quantized);
    CHECK(back.sizes() == x.sizes());
    CHECK(back.strides() == x.strides());
    CHECK(back.scalar_type() == x.scalar_type());
    // Elements lie in [-1, 1): a step is at most 2/255; bfloat16 scales and half elements add their own rounding.
    CHECK((back - x).abs().max().to(at::kDouble).item<double>() <= 2.0 / 255 * 1.05 + 0.008);
    CHECK_FALSE(at::equal(back, x));
  }
}

TEST_CASE("a view with wide gaps comes back compact", "[saved]") {
  Compression compression(bits(8));
  const at::Tensor x = attached(numbers({64, 40, 8}, 4).select(1, 7));
  const at::Tensor back = round_trip(compression, x);
  CHECK(back.sizes() == x.sizes());
  CHECK(back.is_contiguous());
  CHECK((back - x).abs().max().item<double>() <= 0.01);
}

TEST_CASE("bytes and strides that an observer is shown give the content that it is shown", "[saved]") {
  Compression compression(bits(8));
  int seen = 0;
  compression.observe([&](const PackedView& view) {
    if (view.info.layout.count == 0) return;
    ++seen;
    const auto count = static_cast<std::int64_t>(view.info.layout.count);
    const at::Tensor elements = at::empty({count}, view.exact.options());
    quant::decode(view.info.layout, view.payload, view.metadata, elements.data_ptr());
    REQUIRE(view.info.shape == view.exact.sizes().vec());
    const at::Tensor back = elements.as_strided(view.exact.sizes(), view.info.strides);
    INFO(view.info.id << " " << view.exact.sizes() << " " << view.exact.strides());
    const bool rounded = view.info.reason == Reason::Quantized;
    CHECK((back - view.exact).abs().max().item<double>() <= (rounded ? 2.0 / 255 * 1.05 : 0.0));
  });
  const at::Tensor base = numbers({8, 12, 20}, 3);
  for (const at::Tensor& view : {base, base.transpose(0, 2), base.slice(2, 0, 20, 2), base.slice(1, 1, 11),
                                 base.select(0, 4).expand({4, 12, 20}), numbers({64, 40, 8}, 4).select(1, 7)}) {
    const at::Tensor x = attached(view);
    const auto step = compression.step();
    x.sin().sum().backward();
    at::clamp(x, -0.5, 0.5).sum().backward();
  }
  CHECK(seen == 12);
}

TEST_CASE("an expanded tensor is encoded once", "[saved]") {
  Compression compression(bits(4));
  round_trip(compression, attached(numbers({1, 512}, 5).expand({1000, 512})));
  CHECK(compression.totals().exact_bytes == 512 * 4);
  CHECK(compression.totals().stored_bytes < 512);
}

TEST_CASE("integers, bools, two values and constants come back exactly, small", "[saved]") {
  Compression compression(bits(2));
  const at::Tensor uniform = numbers({64, 64}, 6);
  // Only floating tensors can be attached to a graph; integers are saved as indices and conditions.
  const at::Tensor x = attached(numbers({64, 64}, 7));
  const at::Tensor index = at::arange(4096, at::kLong).remainder(61).view({64, 64});
  at::Tensor gradient;
  {
    const auto step = compression.step();
    at::where(uniform > 0, x.gather(1, index), x).sum().backward();
  }
  const at::Tensor expected =
      at::zeros({64, 64}).scatter_add(1, index, (uniform > 0).to(at::kFloat)) + (uniform <= 0).to(at::kFloat);
  CHECK(at::allclose(x.grad(), expected));
  const SavedTensor& indices = record(compression, "gather#1:index");
  CHECK(indices.reason == Reason::Integer);
  CHECK(indices.stored_bytes <= 4096 * 6 / 8 + 16);
  const SavedTensor& condition = record(compression, "where#1:condition");
  CHECK((condition.reason == Reason::Mask || condition.reason == Reason::Integer));
  CHECK(condition.stored_bytes <= 4096 / 8 + 32);

  const at::Tensor noise = (uniform > 0.5).to(at::kFloat) * 2.5;
  CHECK(at::equal(round_trip(compression, attached(noise)), noise));
  CHECK(compression.saved().at(0).reason == Reason::Mask);
  const at::Tensor constant = at::full({64, 64}, 0.1);
  CHECK(at::equal(round_trip(compression, attached(constant)), constant));
  CHECK(compression.saved().at(0).reason == Reason::Constant);
}

TEST_CASE("NaN and infinity are kept raw and counted", "[saved]") {
  Compression compression(bits(4));
  at::Tensor x = numbers({32, 64}, 8);
  x[3][5] = std::numeric_limits<float>::quiet_NaN();
  x[20][1] = -std::numeric_limits<float>::infinity();
  const at::Tensor back = round_trip(compression, attached(x));
  CHECK(at::allclose(back, x, 0, 0, /*equal_nan=*/true));
  CHECK(compression.saved().at(0).reason == Reason::NonFinite);
  CHECK(compression.totals().non_finite == 2);
  CHECK(compression.totals().stored_bytes == 32 * 64 * 4);
}

TEST_CASE("a NaN in ReLU's result is neither positive nor not: kept raw and counted", "[saved]") {
  Compression compression(bits(4));
  at::Tensor x = numbers({32, 64}, 8);
  x[3][5] = std::numeric_limits<float>::quiet_NaN();
  const at::Tensor plain = attached(x), under = attached(x);
  at::relu(plain).sum().backward();
  {
    const auto step = compression.step();
    at::relu(under).sum().backward();
  }
  CHECK(at::equal(under.grad(), plain.grad()));
  CHECK(compression.saved().at(0).reason == Reason::NonFinite);
  CHECK(compression.totals().non_finite == 1);
}

TEST_CASE("small tensors are kept, and do not keep a large storage alive", "[saved]") {
  Compression compression(bits(4));
  const at::Tensor small = numbers({16}, 9);
  CHECK(at::equal(round_trip(compression, attached(small)), small));
  CHECK(compression.saved().at(0).reason == Reason::Small);
  CHECK(compression.saved().at(0).stored_bytes == 64);

  const at::Tensor corner = numbers({512, 512}, 10).narrow(0, 0, 1).narrow(1, 0, 16);
  CHECK(at::equal(round_trip(compression, attached(corner)), corner));
  CHECK(compression.saved().at(0).reason == Reason::Small);
  CHECK(compression.totals().exact_bytes == 512 * 512 * 4);
  CHECK(compression.totals().stored_bytes == 64);
}

TEST_CASE("one tensor saved twice is stored once, also as seen by different operators", "[saved]") {
  Compression compression(bits(4));
  const at::Tensor x = attached(numbers({64, 64}, 11));
  {
    const auto step = compression.step();
    const at::Tensor y = x * 2;  // no tensor saved: a number
    const at::Tensor square = y * y, sine = y.sin(), cosine = y.t().cos().t();
    (square + sine + cosine).sum().backward();
  }
  const auto& saved = compression.saved();
  REQUIRE(saved.size() == 4);
  CHECK(saved[0].reason == Reason::Quantized);
  CHECK(saved[1].reason == Reason::Shared);
  CHECK(saved[1].shared_with == saved[0].id);
  CHECK(saved[2].reason == Reason::Shared);
  CHECK(saved[3].shared_with == saved[0].id);  // other strides: another view of the same memory
  CHECK(compression.totals().exact_bytes == 64 * 64 * 4);
}

TEST_CASE("an address used again is not taken for the tensor that had it", "[saved]") {
  Compression compression(bits(8));
  const auto step = compression.step();
  for (int i = 0; i < 50; ++i) {
    // Each tensor is dropped at once, so that the heap hands the same block out again.
    const at::Tensor x = attached(at::full({1024}, static_cast<double>(i)) + numbers({1024}, 12) * 0.1);
    const at::Tensor y = x.sin();
    y.sum().backward();
    CHECK((x.grad() - x.detach().cos()).abs().max().item<double>() < 0.01);
  }
}

TEST_CASE("an in-place change makes another content", "[saved]") {
  Compression compression(bits(8));
  const at::Tensor x = attached(numbers({64, 64}, 13));
  const auto step = compression.step();
  at::Tensor y = x * 1.0;
  const at::Tensor first = y.sin();
  y.mul_(3);
  const at::Tensor second = y.sin();
  (first + second).sum().backward();
  CHECK(compression.saved()[0].reason == Reason::Quantized);
  CHECK(compression.saved()[1].reason == Reason::Quantized);
  const at::Tensor plain = x.detach();
  CHECK((x.grad() - (plain.cos() + 3 * (3 * plain).cos())).abs().max().item<double>() < 0.1);
}

TEST_CASE("a tensor modified in place after it was saved gives the gradient of what was saved", "[saved]") {
  Compression compression(bits(8));
  const at::Tensor x = attached(numbers({64, 64}, 14));
  const auto step = compression.step();
  at::Tensor y = x * 1.0;
  const at::Tensor loss = y.sin().sum();
  y.zero_();
  loss.backward();
  CHECK((x.grad() - x.detach().cos()).abs().max().item<double>() < 0.02);
}

TEST_CASE("a kept tensor modified in place is an error that names operator and tensor", "[saved]") {
  const auto modify = [](Compression& compression, const at::Tensor& x) {
    const auto step = compression.step();
    at::Tensor y = x * 1.0;
    const at::Tensor loss = y.sin().sum();
    y.zero_();
    loss.backward();
  };
  Compression small(bits(4));
  Compression exact(CompressionOptions{.level = Level::L0});
  for (auto* compression : {&small, &exact}) {
    try {
      modify(*compression, attached(numbers({8}, 15)));
      FAIL("no error");
    } catch (const std::exception& error) {
      const std::string message = error.what();
      CHECK(message.find("sin#1:self of aten::sin [8]") != std::string::npos);
      CHECK(message.find("modified in place") != std::string::npos);
    }
  }
}

TEST_CASE("parameters, buffers, the batch and views of them cost nothing", "[saved]") {
  Compression compression(bits(4));
  const at::Tensor weight = numbers({64, 64}, 16).requires_grad_(), buffer = numbers({64, 64}, 17);
  const at::Tensor batch = numbers({64, 64}, 18);
  compression.own(weight, Reason::Parameter);
  compression.own(buffer, Reason::Buffer);
  compression.batch({batch});
  const at::Tensor x = attached(numbers({64, 64}, 19));
  {
    const auto step = compression.step();
    const at::Tensor product = x.mm(weight.t()), masked = x * buffer;
    const at::Tensor weighted = batch.view({4096}).view({64, 64}) * weight;
    (product + masked + weighted).sum().backward();
  }
  CHECK(record(compression, "mm#1:mat2").reason == Reason::Parameter);
  CHECK(record(compression, "mul#1:other").reason == Reason::Buffer);
  CHECK(record(compression, "mul#2:self").reason == Reason::Batch);
  CHECK(record(compression, "mm#1:self").reason == Reason::Quantized);
  CHECK(compression.totals().exact_bytes == 64 * 64 * 4);
  CHECK(at::allclose(weight.grad(), at::ones({64, 64}).mm(x.detach()) + batch, 0.5, 2.0));
}

TEST_CASE("bits by id, exact by id", "[saved]") {
  CompressionOptions options = bits(2);
  options.bits_of = {{"sin#1:self", 8}, {"cos#1:self", 32}};
  Compression compression(options);
  const at::Tensor x = attached(numbers({64, 64}, 20));
  {
    const auto step = compression.step();
    const at::Tensor sine = (x + 1).sin(), cosine = (x + 2).cos(), exponential = (x + 3).exp();
    (sine + cosine + exponential).sum().backward();
  }
  CHECK(record(compression, "sin#1:self").layout.bits == 8);
  CHECK(record(compression, "cos#1:self").reason == Reason::Exact);
  CHECK(record(compression, "exp#1:result").layout.bits == 2);
}

TEST_CASE("tensors that rounding would spoil are kept", "[saved]") {
  Compression compression(bits(4));
  const at::Tensor x = attached(numbers({64, 64}, 21).abs() + 0.01);
  {
    const auto step = compression.step();
    (x.log() + 1 / (x + 0)).sum().backward();
  }
  CHECK(record(compression, "log#1:self").reason == Reason::Critical);
  const at::Tensor plain = x.detach();
  CHECK(at::allclose(x.grad(), 1 / plain - 1 / (plain * plain), 1e-5, 1e-4));
}

namespace {

/// A function of somebody's, of whose backward pass nothing is known.
struct Unknown : torch::autograd::Function<Unknown> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x) {
    context->save_for_backward({x});
    return x.sin();
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    return {gradients[0] * context->get_saved_variables()[0].cos()};
  }
};

}  // namespace

TEST_CASE("what no rule names is kept, and counted by operator", "[saved]") {
  Compression compression(bits(4));
  const at::Tensor x = attached(numbers({64, 64}, 23));
  {
    const auto step = compression.step();
    const at::Tensor one = Unknown::apply(x * 30);
    const at::Tensor other = Unknown::apply((x > 0).to(at::kFloat) * x.sum());
    (one + other).sum().backward();
  }
  CHECK(record(compression, "custom#1:result").reason == Reason::NoRule);
  CHECK(record(compression, "custom#2:result").reason == Reason::Mask);  // two values: nothing is lost
  CHECK(compression.totals().without_rule == std::map<std::string, std::uint64_t>{{"custom", 64 * 64 * 4}});
  CHECK(to_string(Reason::NoRule) == "no-rule");
}

TEST_CASE("tensors without dense CPU memory are kept", "[saved]") {
  Compression compression(bits(4));
  const at::Tensor x = attached(numbers({64, 64}, 22));
  const at::Tensor complex = at::complex(x, x);
  {
    const auto step = compression.step();
    at::real(complex * complex).sum().backward();
  }
  CHECK(record(compression, "mul#1:self").reason == Reason::Device);
}

TEST_CASE("options out of range are refused", "[saved]") {
  CHECK_THROWS_AS(Compression(bits(3)), Error);
  CHECK_THROWS_AS(Compression(CompressionOptions{.group = 10}), Error);
  CompressionOptions by_id;
  by_id.bits_of = {{"relu#1:result", 5}};
  CHECK_THROWS_AS(Compression(by_id), Error);
  Compression compression(bits(4));
  CHECK_THROWS_AS(compression.own(at::ones({2}), Reason::Quantized), Error);
}

TEST_CASE("restored tensors share memory while one lives", "[saved]") {
  Geometry geometry = Geometry::of(at::empty({4, 256}));
  quant::Layout layout;
  layout.codec = quant::Codec::Raw;
  layout.count = 1024;
  EncodedTensor stored(geometry, at::kFloat, layout, EncodedTensor::allocate(layout));
  const at::Tensor first = stored.restore();
  CHECK(stored.restore().data_ptr() == first.data_ptr());
}

}  // namespace terse::act
