#include "quant_tensors.hpp"
#include "terse/quant/lanes/lane.hpp"
#include "terse_catch.hpp"

using namespace terse;
using namespace terse::quant;
using namespace terse::quant::test;

namespace {

/// Value of a format with `mantissa` bits and a bias, from its definition.
double from_bits(std::uint16_t x, int mantissa, int bias) {
  const int exponent = (x & 0x7FFF) >> mantissa, last = 0x7FFF >> mantissa;
  const int fraction = x & ((1 << mantissa) - 1);
  const double sign = (x & 0x8000) != 0 ? -1 : 1;
  if (exponent == last) return fraction != 0 ? std::nan("") : sign * INFINITY;
  if (exponent == 0) return sign * std::ldexp(fraction, 1 - bias - mantissa);
  return sign * std::ldexp(fraction + (1 << mantissa), exponent - bias - mantissa);
}

}  // namespace

TEST_CASE("every float16 and bfloat16 becomes its float32, and comes back") {
  const core::DType dtype = GENERATE(core::DType::Float16, core::DType::BFloat16);
  const bool half = dtype == core::DType::Float16;
  std::vector<std::uint16_t> x(65536), back(65536);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<std::uint16_t>(i);
  std::vector<float> values(65536);
  to_float32(dtype, x.data(), x.size(), values.data());
  from_float32(dtype, values.data(), values.size(), back.data());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double expected = from_bits(x[i], half ? 10 : 7, half ? 15 : 127);
    INFO("bits " << i);
    if (std::isnan(expected)) {
      REQUIRE(std::isnan(values[i]));
      continue;
    }
    REQUIRE(static_cast<double>(values[i]) == expected);
    REQUIRE(std::signbit(values[i]) == std::signbit(expected));
    if (half && std::isinf(expected)) {
      REQUIRE(back[i] == (expected > 0 ? 0x7BFF : 0xFBFF));
    } else {
      REQUIRE(back[i] == x[i]);
    }
  }
}

TEST_CASE("float32 rounds to the nearest float16 or bfloat16, ties to even") {
  const core::DType dtype = GENERATE(core::DType::Float16, core::DType::BFloat16);
  const bool half = dtype == core::DType::Float16;
  const int mantissa = half ? 10 : 7, bias = half ? 15 : 127;
  std::vector<float> x;
  for (std::uint32_t i = 0; i < 0x7F00; ++i) {
    const double low = from_bits(static_cast<std::uint16_t>(i), mantissa, bias);
    const double high = from_bits(static_cast<std::uint16_t>(i + 1), mantissa, bias);
    if (half && !std::isfinite(high)) break;
    for (const double part : {0.25, 0.5, 0.75}) x.push_back(static_cast<float>(low + (high - low) * part));
    x.push_back(-x.back());
  }
  std::vector<std::uint16_t> back(x.size());
  from_float32(dtype, x.data(), x.size(), back.data());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto value = static_cast<double>(x[i]);
    const double error = std::fabs(from_bits(back[i], mantissa, bias) - value);
    const auto below = static_cast<std::uint16_t>(back[i] - 1), above = static_cast<std::uint16_t>(back[i] + 1);
    INFO("value " << value);
    for (const auto neighbour : {below, above}) {
      if ((neighbour ^ back[i]) & 0x8000) continue;
      const double other = std::fabs(from_bits(neighbour, mantissa, bias) - value);
      REQUIRE(error <= other);
      if (error == other) REQUIRE(back[i] % 2 == 0);
    }
  }
}

TEST_CASE("the lanes' Philox is core's") {
  const core::RandomKey key = GENERATE(core::RandomKey{0, 0, 0}, core::RandomKey{~0ull, 5, ~0u});
  const core::StreamWords words = core::stream_words(key);
  const lane::Stream stream{{words.key[0], words.key[1]}, {words.upper[0], words.upper[1]}};
  for (const std::uint64_t index : {0ull, 1ull, 0xFFFFFFFFull, 0x100000000ull, ~0ull}) {
    std::uint32_t out[4];
    lane::philox(stream, index, out);
    const auto expected = core::random_block(key, index);
    CHECK(std::equal(out, out + 4, expected.begin()));
  }
}

TEST_CASE("scales hold their group") {
  core::RandomSequence random({1, 2, 9});
  for (int i = 0; i < 20000; ++i) {
    const auto minimum = static_cast<float>(random.normal() * std::exp2(static_cast<double>(random.below(200)) - 90));
    const auto maximum =
        minimum +
        static_cast<float>(std::fabs(random.normal() * std::exp2(static_cast<double>(random.below(200)) - 90)));
    const auto levels = static_cast<std::uint32_t>(2 + random.below(255));
    for (const bool wide : {false, true}) {
      const lane::Scale scale = lane::make_scale(minimum, maximum, static_cast<float>(levels - 1), 0.0f, wide);
      REQUIRE(scale.minimum <= minimum);
      REQUIRE(scale.step >= lane::kSmallestStep);
      const double top = static_cast<double>(scale.minimum) + (levels - 1) * static_cast<double>(scale.step);
      REQUIRE(top >= static_cast<double>(maximum) - 2e-7 * (top - static_cast<double>(scale.minimum)));
    }
  }
}
