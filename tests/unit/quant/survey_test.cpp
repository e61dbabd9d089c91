#include <limits>

#include "quant_tensors.hpp"
#include "terse_catch.hpp"

using namespace terse;
using namespace terse::quant;
using namespace terse::quant::test;

TEST_CASE("survey of floats counts what a plain loop counts") {
  for (const std::size_t count : {1, 5, 255, 256, 257, 66'000, 140'001}) {
    auto x = normals(count, count);
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    for (std::size_t i = 3; i < count; i += 37) x[i] = i % 2 != 0 ? 0.0f : -0.0f;
    for (std::size_t i = 4; i < count; i += 1009) x[i] = i % 2 != 0 ? kInfinity : -kInfinity;
    for (std::size_t i = 6; i < count; i += 2003) x[i] = std::numeric_limits<float>::quiet_NaN();
    Survey expected;
    expected.minimum = kInfinity;
    expected.maximum = -kInfinity;
    for (const float value : x) {
      expected.non_finite += !std::isfinite(value);
      expected.zeros += value == 0;
      if (!std::isfinite(value)) continue;
      expected.minimum = std::min<double>(expected.minimum, value);
      expected.maximum = std::max<double>(expected.maximum, value);
    }
    const Survey found = survey(x.data(), count, core::DType::Float32);
    CHECK(found.non_finite == expected.non_finite);
    CHECK(found.zeros == expected.zeros);
    CHECK(found.minimum == expected.minimum);
    CHECK(found.maximum == expected.maximum);
    CHECK(found.distinct == (count == 1 ? 1 : 3));
    std::vector<double> wide(x.begin(), x.end());
    const Survey doubles = survey(wide.data(), count, core::DType::Float64);
    CHECK(doubles.non_finite == expected.non_finite);
    CHECK(doubles.zeros == expected.zeros);
    CHECK(doubles.minimum == expected.minimum);
    CHECK(doubles.maximum == expected.maximum);
  }
}

TEST_CASE("survey of nothing and of nothing finite") {
  const Survey empty = survey(nullptr, 0, core::DType::Float32);
  CHECK(empty.distinct == 0);
  CHECK(empty.minimum == 0);
  const std::vector<float> x(300, std::numeric_limits<float>::quiet_NaN());
  const Survey nan = survey(x.data(), x.size(), core::DType::Float32);
  CHECK(nan.non_finite == 300);
  CHECK(nan.distinct == 1);
  CHECK(nan.minimum == 0);
  CHECK(nan.maximum == 0);
}

TEST_CASE("distinct values are found wherever they are, in order") {
  const std::size_t place = GENERATE(1, 255, 256, 65'535, 65'536, 131'071, 199'999);
  std::vector<float> x(200'000, 4.0f);
  x[place] = -2.5f;
  Survey found = survey(x.data(), x.size(), core::DType::Float32);
  CHECK(found.distinct == 2);
  CHECK(found.values[0] == 4);
  CHECK(found.values[1] == -2.5);
  x[place - 1] = 9;
  CHECK(survey(x.data(), x.size(), core::DType::Float32).distinct == 3);
  std::vector<std::uint16_t> halves(200'000, 0x3C00);
  halves[place] = 0xC000;
  found = survey(halves.data(), halves.size(), core::DType::Float16);
  CHECK(found.distinct == 2);
  CHECK(found.values[0] == 1);
  CHECK(found.values[1] == -2);
}

TEST_CASE("integer extremes are exact") {
  std::vector<std::int64_t> x(70'000, 12);
  x[3] = std::numeric_limits<std::int64_t>::min();
  x[69'999] = std::numeric_limits<std::int64_t>::max() - 1;
  const Survey found = survey(x.data(), x.size(), core::DType::Int64);
  CHECK(found.integer_minimum == x[3]);
  CHECK(found.integer_maximum == x[69'999]);
  CHECK(found.distinct == 3);
  const std::vector<std::int8_t> small{-128, 127, 0, 0};
  const Survey narrow = survey(small.data(), small.size(), core::DType::Int8);
  CHECK(narrow.integer_minimum == -128);
  CHECK(narrow.integer_maximum == 127);
  CHECK(narrow.minimum == -128);
  CHECK(narrow.zeros == 2);
}
