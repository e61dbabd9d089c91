#include "terse/core/checked.hpp"

#include <vector>

#include "terse_catch.hpp"
#include "throws.hpp"

using namespace terse;
using namespace terse::core;

TEST_CASE("products and sums that fit are right, others are bad input naming what") {
  CHECK(checked_multiply(1ull << 31, 1ull << 32, "x") == 1ull << 63);
  CHECK(checked_multiply(0, ~0ull, "x") == 0);
  CHECK(checked_add(~0ull - 1, 1, "x") == ~0ull);
  CHECK(test::throws(Error::BadInput, "tensor 'w'", [] { checked_multiply(1ull << 32, 1ull << 32, "tensor 'w'"); }));
  CHECK(test::throws(Error::BadInput, "tensor 'w'", [] { checked_add(~0ull, 1, "tensor 'w'"); }));
}

TEST_CASE("the element count of a shape") {
  const auto numel = [](std::vector<std::int64_t> shape) { return checked_numel(shape, "shape"); };
  CHECK(numel({}) == 1);
  CHECK(numel({3, 4, 5}) == 60);
  CHECK(numel({3, 0, 5}) == 0);
  const std::int64_t large = std::int64_t{1} << 40;
  CHECK(test::throws(Error::BadInput, "shape", [&] { numel({large, large}); }));
  CHECK(test::throws(Error::BadInput, "shape", [&] { numel({0, large, large}); }));
  CHECK(test::throws(Error::BadInput, "shape", [&] { numel({large, large, 0}); }));
  CHECK(test::throws(Error::BadInput, "negative", [&] { numel({2, -1}); }));
}
