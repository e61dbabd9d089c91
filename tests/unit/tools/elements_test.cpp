#include "act-inspect/elements.hpp"

#include <cmath>
#include <vector>

#include "terse_catch.hpp"

using namespace terse;
using namespace terse::inspect;

TEST_CASE("half precision is widened exactly, every bit pattern") {
  for (std::uint32_t bits = 0; bits < 65'536; ++bits) {
    const float got = float16_to_float(static_cast<std::uint16_t>(bits));
    const int exponent = static_cast<int>(bits >> 10 & 31);
    const double fraction = bits & 1023;
    double expected = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
    if (exponent == 31) expected = fraction == 0 ? INFINITY : NAN;
    if ((bits & 0x8000) != 0) expected = -expected;
    if (std::isnan(expected)) {
      REQUIRE(std::isnan(got));
    } else {
      REQUIRE(static_cast<double>(got) == expected);
      REQUIRE(std::signbit(got) == ((bits & 0x8000) != 0));
    }
  }
}

TEST_CASE("bfloat16 is the upper half of a float") {
  CHECK(bfloat16_to_float(0x3F80) == 1.0f);
  CHECK(bfloat16_to_float(0xC000) == -2.0f);
  CHECK(std::isinf(bfloat16_to_float(0x7F80)));
  CHECK(std::isnan(bfloat16_to_float(0x7FC0)));
}

TEST_CASE("elements of every type come out in order") {
  const auto collect = [](core::DType dtype, auto values) {
    std::vector<double> out;
    for_each_element(dtype, core::as_bytes(values.data(), values.size()), [&](double x) { out.push_back(x); });
    return out;
  };
  CHECK(collect(core::DType::Float32, std::vector<float>{-1.5f, 0, 3}) == std::vector<double>{-1.5, 0, 3});
  CHECK(collect(core::DType::Float64, std::vector<double>{1e300, -2}) == std::vector<double>{1e300, -2});
  CHECK(collect(core::DType::UInt8, std::vector<std::uint8_t>{0, 255}) == std::vector<double>{0, 255});
  CHECK(collect(core::DType::Bool, std::vector<std::uint8_t>{1, 0}) == std::vector<double>{1, 0});
  CHECK(collect(core::DType::Int8, std::vector<std::int8_t>{-128, 127}) == std::vector<double>{-128, 127});
  CHECK(collect(core::DType::Int16, std::vector<std::int16_t>{-32768, 5}) == std::vector<double>{-32768, 5});
  CHECK(collect(core::DType::Int32, std::vector<std::int32_t>{-7, 9}) == std::vector<double>{-7, 9});
  CHECK(collect(core::DType::Int64, std::vector<std::int64_t>{-7, std::int64_t{1} << 40}) ==
        std::vector<double>{-7, std::ldexp(1.0, 40)});
  CHECK(collect(core::DType::Float16, std::vector<std::uint16_t>{0x3C00}) == std::vector<double>{1});
  CHECK(collect(core::DType::BFloat16, std::vector<std::uint16_t>{0xBF80}) == std::vector<double>{-1});
}
