#include "terse/act/bits/precision.hpp"

#include <cmath>

#include "terse_catch.hpp"
#include "throws.hpp"

namespace terse::act {
namespace {

using terse::test::throws;

SavedTensor rounded(const std::string& id, std::int64_t count, int bits = 4) {
  SavedTensor tensor{.id = id, .op = "aten::mm", .role = "self", .shape = {count}, .reason = Reason::Quantized};
  tensor.layout.codec = quant::Codec::Affine;
  tensor.layout.count = static_cast<std::uint64_t>(count);
  tensor.layout.bits = static_cast<std::uint8_t>(bits);
  tensor.layout.levels = static_cast<std::uint16_t>(1 << bits);
  return tensor;
}

PrecisionTable table_of_three() {
  PrecisionTable table;
  table.note(std::vector{rounded("a", 4096), rounded("b", 4096), rounded("c", 8192)});
  return table;
}

TEST_CASE("a sensitivity is the mean of its draws, then forgets") {
  Sensitivity sensitivity;
  CHECK(std::isinf(sensitivity.error()));
  for (const double draw : {1.0, 2.0, 6.0}) sensitivity.add(draw, draw / 2);
  CHECK(sensitivity.mean == Approx(3));
  CHECK(sensitivity.passed == Approx(1.5));
  CHECK(sensitivity.variance == Approx((4 + 1 + 9) / 3.0));
  CHECK(sensitivity.error() == Approx(std::sqrt(14 / 3.0 / 2)));
  for (int i = 0; i < 200; ++i) sensitivity.add(10, 0);
  CHECK(sensitivity.mean == Approx(10));
  CHECK(rounding_variance_of_bits(1) == 1);
  CHECK(rounding_variance_of_bits(4) == Approx(1.0 / 225));
  CHECK(rounding_variance_of_bits(32) == 0);
  CHECK(finer_rounding_variance(1) < rounding_variance_of_bits(1));
  CHECK(finer_rounding_variance(1) > rounding_variance_of_bits(2));
  CHECK(finer_rounding_variance(4) < rounding_variance_of_bits(4));
  CHECK(finer_rounding_variance(4) > rounding_variance_of_bits(5));
  CHECK(finer_rounding_variance(32) == 0);
  quant::Layout layout{.levels = 6};
  CHECK(rounding_variance(layout) == rounding_variance(6));
  layout.steps = 4.5;
  CHECK(rounding_variance(layout) == Approx(1 / (4.5 * 4.5)));
}

TEST_CASE("rungs count payload, metadata and padding") {
  SavedTensor tensor = rounded("x", 1000);
  const auto rungs = rungs_of(tensor);
  REQUIRE(rungs.size() == std::size(kRungs));
  for (const auto& rung : rungs) {
    tensor.layout.bits = static_cast<std::uint8_t>(rung.bits);
    tensor.layout.levels = static_cast<std::uint16_t>(rung.bits < 32 ? 1 << rung.bits : 0);
    CHECK(rung.bytes ==
          (rung.bits == 32 ? 4000 : quant::payload_bytes(tensor.layout) + quant::metadata_bytes(tensor.layout)));
  }
  tensor = rounded("x", 1000);
  tensor.least_bits = 3;  // its rule's widest step
  CHECK(rungs_of(tensor).front().bits == 3);
  tensor.least_bits = 0;
  tensor.op = "aten::_scaled_dot_product_flash_attention_for_cpu";
  tensor.role = "query";
  CHECK(rungs_of(tensor).front().bits == 2);  // its rule's own
  tensor.reason = Reason::Mask;
  CHECK(rungs_of(tensor).empty());
}

TEST_CASE("bits go where the gradient is sensitive, within the average's bytes") {
  auto table = table_of_three();
  CHECK_FALSE(table.complete());
  table.add_draw("a", {.sensitivity = 100, .cost = 0.1});
  table.add_draw("b", {.sensitivity = 1, .cost = 0.1});
  table.add_draw("c", {.sensitivity = 0.01, .cost = 0.1});
  for (auto& tensor : table.tensors()) tensor.probed = 1;
  CHECK(table.complete());
  const auto allocation = table.allocate(2);
  std::uint64_t budget = 0;
  for (const auto& tensor : table.tensors()) budget += tensor.rungs[1].bytes;
  CHECK(allocation.bytes <= budget);
  const auto bits = table.bits();
  CHECK(bits.at("a") > bits.at("b"));
  CHECK(bits.at("b") > bits.at("c"));
  table.note(std::vector{rounded("a", 4096, bits.at("a")), rounded("b", 4096, bits.at("b")),
                         rounded("c", 8192, bits.at("c"))});
  CHECK(table.predicted_variance() == Approx(allocation.variance));
  // Every tensor at 2 bits is within the budget, too.
  CHECK(allocation.variance <= 101.01 / 9);
}

TEST_CASE("elements that are derived leave their bits to what is stored") {
  auto table = table_of_three();
  for (const char* id : {"a", "b", "c"}) table.add_draw(id, {.sensitivity = 1, .cost = 0.1});
  const auto plain = table.allocate(2);
  SavedTensor derived{.id = "d", .reason = Reason::Derived, .shared_with = "a", .exact_bytes = 8 * 4096};
  SavedTensor view = derived;
  view.exact_bytes = 0;  // sees the same memory
  SavedTensor shared = derived;
  shared.reason = Reason::Shared;
  for (int step = 0; step < 2; ++step) {  // a step's, not the sum over steps
    table.note(std::vector{derived, rounded("a", 4096), rounded("b", 4096), rounded("c", 8192), view, shared});
    CHECK(table.tensors()[0].derived == 8192);
    CHECK(table.tensors()[1].derived == 0);
  }
  const auto more = table.allocate(2);
  CHECK(more.bytes > plain.bytes);
  CHECK(more.bytes <= plain.bytes + 8192 * 2 / 8);
  CHECK(more.variance < plain.variance / 2);
}

TEST_CASE("a step's predicted variance is of what it stored") {
  auto table = table_of_three();
  table.add_draw("a", {.sensitivity = 100, .cost = 0.1});
  table.add_draw("b", {.sensitivity = 1, .cost = 0.1});
  CHECK(table.predicted_variance() == Approx(101 * rounding_variance(16)));
  SavedTensor kept = rounded("b", 4096);
  kept.reason = Reason::Exact;
  table.note(std::vector{rounded("a", 4096, 8), kept});
  CHECK(table.predicted_variance() == Approx(100 * rounding_variance(256)));
}

TEST_CASE("a sensitivity goes with the gradient where its tensor is used") {
  auto table = table_of_three();
  const formats::PolicyTensor& a = table.tensors()[0];
  const formats::PolicyTensor& b = table.tensors()[1];
  table.add_draw("a", {.sensitivity = 100, .gradient = {4, 4}});
  table.add_draw("b", {.sensitivity = 1});
  table.note_gradients({{"a", {8, 8}}, {"b", {5, 5}}, {"z", {1, 1}}});
  CHECK(a.sensitivity == Approx(200));
  CHECK(b.sensitivity == Approx(1));                             // its gradient was not known
  table.add_draw("a", {.sensitivity = 25, .gradient = {1, 1}});  // would be 200, too, with the gradient of the others
  CHECK(a.sensitivity == Approx(200));
  CHECK(a.variance == Approx(0).margin(1e-9));
  table.note_gradients({{"a", {4, 4}}, {"b", {}}});  // none arrived at b: says nothing of its sensitivity
  CHECK(a.sensitivity == Approx(100));
  CHECK(b.sensitivity == Approx(1));
  table.add_draw("a", {.sensitivity = 400, .gradient = {4, 4}});
  CHECK(a.sensitivity == Approx(200));
  CHECK(a.variance == Approx(20000));
  table.note_gradients({{"a", {8, 8}}});
  CHECK(a.variance == Approx(80000));
}

TEST_CASE("what goes on from where a tensor is used goes with the gradient that is sent on") {
  auto table = table_of_three();
  const formats::PolicyTensor& a = table.tensors()[0];
  table.add_draw("a", {.sensitivity = 10, .passed = 8, .gradient = {4, 2}});
  table.note_gradients({{"a", {8, 0.5}}});
  CHECK(a.sensitivity == Approx(2 * 2 + 8 / 4.0));
  CHECK(a.passed == Approx(2));
  table.add_draw("a", {.sensitivity = 10, .passed = 8, .gradient = {8, 0.5}});
  CHECK(a.sensitivity == Approx((6 + 10) / 2.0));
  CHECK(a.passed == Approx((2 + 8) / 2.0));
  table.add_draw("a", {.sensitivity = 3, .passed = 1, .gradient = {4, 0.25}});
  CHECK(a.sensitivity == Approx((6 + 10 + 6) / 3.0));
  table.note_gradients({{"a", {16, 0}}});  // what is sent on is not known: all goes with what arrives
  CHECK(a.sensitivity == Approx(2 * (6 + 10 + 6) / 3.0));
  CHECK(a.passing == 0);
}

TEST_CASE("what is not known to be passed on is taken from the first draw that tells") {
  PrecisionTable table({{.id = "a", .sensitivity = 10, .draws = 3, .gradient = 4, .rungs = {{4, 8}}}});
  table.add_draw("a", {.sensitivity = 2, .passed = 1, .gradient = {4, 2}});
  CHECK(table.tensors()[0].sensitivity == Approx((3 * 10 + 2) / 4.0));
  CHECK(table.tensors()[0].passed == Approx((3 * 5 + 1) / 4.0));
}

TEST_CASE("a tensor of unknown sensitivity keeps the level's bits") {
  auto table = table_of_three();
  table.add_draw("a", {.sensitivity = 100, .cost = 0.1});
  table.add_draw("b", {.sensitivity = 1, .cost = 0.1});
  table.allocate(4);
  CHECK(table.bits().count("c") == 0);
  CHECK(table.bits().at("a") > 4);
}

TEST_CASE("a table is refused where it contradicts itself") {
  CHECK(throws(Error::BadInput, "'x' has no bits", [] { PrecisionTable({formats::PolicyTensor{.id = "x"}}); }));
  CHECK(throws(Error::BadInput, "'x' appears twice", [] {
    PrecisionTable({{.id = "x", .rungs = {{4, 8}}}, {.id = "x", .rungs = {{4, 8}}}});
  }));
  auto table = table_of_three();
  CHECK(throws(Error::Internal, "'z'", [&] { table.add_draw("z", {}); }));
}

}  // namespace
}  // namespace terse::act
