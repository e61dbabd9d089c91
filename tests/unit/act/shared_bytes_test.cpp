// Saved tensors that share bytes: ReLU's signs with the result whose zeros they tell, views with what they view.
#include "networks.hpp"
#include "terse_catch.hpp"

namespace terse::act {

using namespace test;

namespace {

CompressionOptions rounded_to(int bits) {
  CompressionOptions options;
  options.bits = bits;
  return options;
}

at::Tensor leaf(const at::Tensor& x) { return x.detach().requires_grad_(); }

}  // namespace

TEST_CASE("zeros are stored apart, and ReLU's signs are stored once", "[saved]") {
  Compression compression(rounded_to(4));
  const at::Tensor x = leaf(numbers({64, 256}, 40));
  at::Tensor plain;
  {
    const auto step = compression.step();
    at::Tensor y = at::relu(x * 1.0);
    const at::Tensor loss = y.sin().sum();
    plain = y.detach();
    y = at::Tensor();
    loss.backward();
  }
  const SavedTensor& signs = record(compression, "relu#1:result");
  const SavedTensor& values = record(compression, "sin#1:self");
  CHECK(signs.layout.codec == quant::Codec::Sign);
  CHECK(values.layout.codec == quant::Codec::Sparse);
  CHECK(signs.stored_bytes == 64 * 256 / 8);
  CHECK(values.layout.kept == static_cast<std::uint64_t>((plain > 0).sum().item<std::int64_t>()));
  CHECK(values.stored_bytes * 10 < 64 * 256 / 2 * 6);
  CHECK(at::equal(x.grad() == 0, plain == 0));
  CHECK(at::allclose(x.grad(), plain.cos() * (plain > 0), 0, 0.08));

  const at::Tensor half = numbers({64, 256}, 41);
  const at::Tensor holes = leaf(half * (numbers({64, 256}, 42) > 0));
  const at::Tensor back = round_trip(compression, holes);
  CHECK(compression.saved().at(0).layout.codec == quant::Codec::Sparse);
  CHECK(at::equal(back == 0, holes == 0));
  CHECK((back - holes).abs().max().item<double>() < 2.0 / 15 * 1.02);
}

TEST_CASE("zeros apart can be switched off", "[saved]") {
  CompressionOptions options = rounded_to(4);
  options.sparse = false;
  Compression compression(options);
  const at::Tensor x = leaf(numbers({64, 256}, 43));
  {
    const auto step = compression.step();
    at::relu(x * 1.0).sin().sum().backward();
  }
  CHECK(record(compression, "sin#1:self").layout.codec == quant::Codec::Affine);
}

TEST_CASE("ReLU's signs outlive the values that they share bytes with, and the other way round", "[saved]") {
  const at::Tensor x = leaf(numbers({64, 256}, 44));
  const at::Tensor positive = x.detach() > 0;
  Compression compression(rounded_to(4));
  at::Tensor y, sines;
  {
    const auto step = compression.step();
    y = at::relu(x * 1.0);
    sines = y.sin();
  }
  SECTION("values go first") {
    sines = at::Tensor();
    y.sum().backward();
    CHECK(at::equal(x.grad(), positive.to(at::kFloat)));
  }
  SECTION("a graph used twice") {
    const at::Tensor loss = sines.sum();
    loss.backward({}, /*retain_graph=*/true);
    const at::Tensor once = x.grad().clone();
    loss.backward();
    CHECK(at::equal(x.grad(), 2 * once));
    CHECK(at::equal(once != 0, positive));
  }
  SECTION("second derivatives") {
    const at::Tensor first = torch::autograd::grad({sines.sum()}, {x}, {}, true, /*create_graph=*/true)[0];
    const at::Tensor second = torch::autograd::grad({first.sum()}, {x})[0];
    const at::Tensor exact = -x.detach().sin() * positive;
    CHECK(at::equal(second != 0, positive));
    CHECK((second - exact).norm().item<double>() < 0.1 * exact.norm().item<double>());
  }
}

TEST_CASE("views of the same memory are stored once, whatever their shape", "[saved]") {
  Compression compression(rounded_to(8));
  const at::Tensor x = leaf(numbers({8, 16, 32}, 45));
  {
    const auto step = compression.step();
    const at::Tensor y = x * 1.0;
    at::Tensor loss = y.sin().sum();
    loss = loss + y.view({128, 32}).cos().sum();
    loss = loss + y.permute({2, 0, 1}).cos().sum();
    loss = loss + y.slice(1, 0, 8).erf().sum();
    loss.backward();
  }
  CHECK(record(compression, "sin#1:self").reason == Reason::Quantized);
  const SavedTensor& flat = record(compression, "cos#1:self");
  CHECK(flat.reason == Reason::Shared);
  CHECK(flat.shared_with == "sin#1:self");
  CHECK(flat.stored_bytes == 0);
  CHECK(record(compression, "cos#2:self").shared_with == "sin#1:self");
  // A part is stored by itself.
  CHECK(record(compression, "erf#1:self").reason == Reason::Quantized);
  const at::Tensor plain = leaf(x);
  (plain.sin().sum() + 2 * plain.cos().sum() + plain.slice(1, 0, 8).erf().sum()).backward();
  CHECK((x.grad() - plain.grad()).abs().max().item<double>() < 0.05);
}

TEST_CASE("a view of memory that is kept is kept: neither bytes nor precision go to another form", "[saved]") {
  auto options = rounded_to(4);
  options.bits_of = {{"sin#1:self", 32}};
  Compression compression(options);
  const at::Tensor x = leaf(numbers({8, 16, 32}, 45));
  {
    const auto step = compression.step();
    const at::Tensor y = x * 1.0, sines = y.sin();
    (sines.sum() + y.view({128, 32}).cos().sum()).backward();
  }
  CHECK(record(compression, "sin#1:self").reason == Reason::Exact);
  const SavedTensor& flat = record(compression, "cos#1:self");
  CHECK(flat.reason == Reason::Shared);
  CHECK(flat.shared_with == "sin#1:self");
  CHECK(flat.stored_bytes == 0);
  const at::Tensor plain = leaf(x);
  const at::Tensor y = plain * 1.0, sines = y.sin();
  (sines.sum() + y.view({128, 32}).cos().sum()).backward();
  CHECK(at::equal(x.grad(), plain.grad()));
}

TEST_CASE("a fused attention's output, where it is stored, is stored once for what projects it", "[saved]") {
  CompressionOptions options = rounded_to(4);
  options.derive = false;
  Compression compression(options);
  const at::Tensor x = leaf(numbers({2, 3, 40, 16}, 46)), w = leaf(numbers({48, 48}, 47));
  compression.own(w, Reason::Parameter);
  const auto step = compression.step();
  // As projections give them: the heads lie within each row.
  const at::Tensor rows = x.permute({0, 2, 1, 3}).contiguous().transpose(1, 2);
  const at::Tensor heads = at::scaled_dot_product_attention(rows * 1.0, rows * 2.0, rows * 0.5);
  heads.transpose(1, 2).reshape({80, 48}).mm(w).sum().backward();
  const SavedTensor& projected = record(compression, "mm#1:self");
  CHECK(projected.reason == Reason::Shared);
  CHECK(projected.shared_with == "_scaled_dot_product_flash_attention_for_cpu#1:output");
}

TEST_CASE("a view of what was changed in place since is stored anew", "[saved]") {
  Compression compression(rounded_to(8));
  const at::Tensor x = leaf(numbers({64, 64}, 48));
  {
    const auto step = compression.step();
    at::Tensor y = x * 1.0;
    const at::Tensor before = y.sin();
    y.add_(1.0);
    (before.sum() + y.view({-1}).cos().sum()).backward();
  }
  CHECK(record(compression, "cos#1:self").reason == Reason::Quantized);
  const at::Tensor exact = x.detach().cos() - (x.detach() + 1).sin();
  CHECK((x.grad() - exact).abs().max().item<double>() < 0.02);
}

}  // namespace terse::act
