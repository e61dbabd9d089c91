#include <ATen/core/dispatch/Dispatcher.h>

#include <limits>

#include "terse/core/error.hpp"
#include "terse/train/exported/guards.hpp"
#include "terse_catch.hpp"
#include "throws.hpp"

namespace terse::train::exported {

namespace {

using Stack = torch::jit::Stack;
using Integers = std::vector<std::int64_t>;
using test::throws;

void check(const char* name, const char* overload, const Stack& stack) {
  Guards(c10::Dispatcher::singleton().findSchemaOrThrow(name, overload).schema()).check(stack);
}

bool refused(const char* name, const char* overload, const Stack& stack, const std::string& why) {
  return throws(Error::BadInput, why, [&] { check(name, overload, stack); });
}

}  // namespace

TEST_CASE("extents whose products overflow are refused, strides of memory are not") {
  const at::Tensor x = at::ones({1, 1, 4, 4}), w = at::ones({1, 1, 2, 2});
  const auto convolve = [&](const Integers& stride, const Integers& dilation) -> Stack {
    return {x, w, c10::IValue(), stride, Integers{0, 0}, dilation, std::int64_t{1}};
  };
  CHECK_NOTHROW(check("aten::conv2d", "", convolve({1, 1}, {1, 1})));
  CHECK_NOTHROW(check("aten::conv2d", "", convolve({1}, {1})));  // one for both
  CHECK(refused("aten::conv2d", "", convolve({1, 1}, {1, std::numeric_limits<std::int64_t>::max()}), "dilation of"));
  CHECK(refused("aten::conv2d", "", convolve({1, 1, 1}, {1, 1}), "stride has 3 elements, not 2"));
  CHECK_NOTHROW(check("aten::as_strided", "", {x, Integers{1}, Integers{std::int64_t{1} << 40}, c10::IValue()}));
}

TEST_CASE("lists of a fixed length have it") {
  const at::Tensor x = at::ones({1, 2, 2, 2});
  CHECK_NOTHROW(check("aten::reflection_pad3d", "", {x, Integers{1, 1, 1, 1, 1, 1}}));
  CHECK(refused("aten::reflection_pad3d", "", {x, Integers{}}, "padding has 0 elements, not 6"));
}

TEST_CASE("the least integer is not divided by -1") {
  for (const at::ScalarType type : {at::kChar, at::kShort, at::kInt, at::kLong}) {
    const std::int64_t least = type == at::kLong ? std::numeric_limits<std::int64_t>::min()
                                                 : -(std::int64_t{1} << (8 * at::elementSize(type) - 1));
    const at::Tensor x = at::full({2}, at::Scalar(least), type), minus_one = at::full({2}, -1, type);
    for (const char* mode : {"trunc", "floor"}) {
      CHECK(refused("aten::div", "Tensor_mode", {x, minus_one, std::string(mode)}, "least integer"));
      CHECK_NOTHROW(check("aten::div", "Tensor_mode", {x, minus_one.mul(2), std::string(mode)}));
    }
    CHECK(refused("aten::remainder_", "Scalar", {x, std::int64_t{-1}}, "least integer"));
    CHECK_NOTHROW(check("aten::fmod", "Tensor", {x.add(1), minus_one}));
  }
  CHECK_NOTHROW(check("aten::div", "Tensor", {at::full({2}, -1e30), at::full({2}, -1)}));
}

TEST_CASE("scales fit the sizes beside them") {
  const at::Tensor x = at::ones({1, 1, 4, 6});
  const auto resample = [&](const Integers& size, double vertical, double horizontal) -> Stack {
    return {x, size, false, vertical, horizontal};
  };
  CHECK_NOTHROW(check("aten::_upsample_bilinear2d_aa", "", resample({8, 9}, 2.0, 1.5)));
  CHECK_NOTHROW(check("aten::_upsample_bilinear2d_aa", "", resample({9, 9}, 2.3, 1.6)));  // rounded down
  CHECK(refused("aten::_upsample_bilinear2d_aa", "", resample({8, 9}, 0.001, 1.5), "does not make 8 elements of 4"));
  CHECK(refused("aten::_upsample_bilinear2d_aa", "", resample({8, 9}, -2.0, 1.5), "a scale of -2"));
}

}  // namespace terse::train::exported
