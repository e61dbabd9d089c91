// Arithmetic on sizes is Python's.
#include "terse/core/error.hpp"
#include "terse/train/exported/symbols.hpp"
#include "terse_catch.hpp"

using namespace terse;
using namespace terse::train::exported;
using c10::IValue;

namespace {

IValue apply(const std::string& target, std::vector<IValue> arguments) {
  const SymbolFunction function = find_symbol_function(target);
  REQUIRE(function);
  return function(arguments);
}
std::int64_t integer(const std::string& target, std::int64_t a, std::int64_t b) {
  return apply("_operator." + target, {a, b}).toInt();
}

}  // namespace

TEST_CASE("floor division and remainder round as Python's do") {
  for (std::int64_t a = -7; a <= 7; ++a) {
    for (std::int64_t b = -3; b <= 3; ++b) {
      if (b == 0) continue;
      const auto floor = static_cast<std::int64_t>(std::floor(static_cast<double>(a) / static_cast<double>(b)));
      CHECK(integer("floordiv", a, b) == floor);
      CHECK(integer("mod", a, b) == a - b * floor);
    }
  }
  CHECK(apply("_operator.floordiv", {7.5, std::int64_t{2}}).toDouble() == 3.0);
  CHECK(apply("_operator.truediv", {std::int64_t{7}, std::int64_t{2}}).toDouble() == 3.5);
}

TEST_CASE("integers stay integers, floats stay floats") {
  CHECK(integer("add", 2, 3) == 5);
  CHECK(integer("pow", 3, 4) == 81);
  CHECK(apply("_operator.pow", {std::int64_t{2}, std::int64_t{-1}}).toDouble() == 0.5);
  CHECK(apply("_operator.mul", {std::int64_t{2}, 1.5}).toDouble() == 3.0);
  CHECK(apply("math.trunc", {-2.7}).toInt() == -2);
  CHECK(apply("torch.sym_int", {2.7}).toInt() == 2);
  CHECK(apply("torch.sym_float", {std::int64_t{2}}).isDouble());
  CHECK(apply("torch.sym_max", {std::int64_t{2}, std::int64_t{5}}).toInt() == 5);
  CHECK(apply("_operator.ge", {std::int64_t{2}, std::int64_t{2}}).toBool());
  CHECK(apply("_operator.and_", {true, false}).isBool());
  CHECK(apply("torch.sym_ite", {true, std::int64_t{1}, std::int64_t{2}}).toInt() == 1);
}

TEST_CASE("overflow, division by zero and wrong arguments are errors") {
  const std::int64_t large = std::numeric_limits<std::int64_t>::max();
  const std::int64_t small = std::numeric_limits<std::int64_t>::min();
  CHECK_THROWS_AS(integer("add", large, 1), Error);
  CHECK_THROWS_AS(integer("mul", large, 2), Error);
  CHECK_THROWS_AS(integer("sub", small, 1), Error);
  CHECK_THROWS_AS(integer("pow", 2, 64), Error);
  CHECK_THROWS_AS(integer("floordiv", 1, 0), Error);
  CHECK_THROWS_AS(integer("floordiv", small, -1), Error);
  CHECK(integer("mod", small, -1) == 0);
  CHECK_THROWS_AS(integer("mod", 1, 0), Error);
  CHECK_THROWS_AS(integer("lshift", 1, 64), Error);
  CHECK_THROWS_AS(apply("math.trunc", {1e300}), Error);
  CHECK_THROWS_AS(apply("_operator.add", {std::int64_t{1}}), Error);
  CHECK_THROWS_AS(apply("_operator.add", {std::int64_t{1}, IValue("a")}), Error);
  CHECK(find_symbol_function("os.system") == nullptr);
}
