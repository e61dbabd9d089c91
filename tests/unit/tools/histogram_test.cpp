#include "act-inspect/histogram.hpp"

#include <cmath>
#include <limits>
#include <numeric>
#include <sstream>

#include "terse/core/philox.hpp"
#include "terse_catch.hpp"

using namespace terse;
using namespace terse::tools::act_inspect;

namespace {

Histogram of(const std::vector<float>& values, int bins) {
  return histogram(core::DType::Float32, core::as_bytes(values.data(), values.size()), bins);
}

// Columns a line takes: code points, as each of ours is one cell wide.
std::size_t columns(const std::string& line) {
  std::size_t count = 0;
  for (const char c : line) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

}  // namespace

TEST_CASE("every finite element is counted in the bin of its value") {
  for (const std::uint64_t seed : {1u, 2u, 3u}) {
    core::RandomSequence random({.seed = seed});
    std::vector<float> values(10'007);
    for (auto& value : values) value = static_cast<float>(random.normal());
    const auto result = of(values, 17);
    REQUIRE(result.counts.size() == 17);
    CHECK(std::accumulate(result.counts.begin(), result.counts.end(), std::uint64_t{0}) == values.size());
    double sum = 0, squares = 0;
    for (const float x : values) sum += x;
    const double mean = sum / static_cast<double>(values.size());
    for (const float x : values) squares += (x - mean) * (x - mean);
    CHECK(result.mean == Approx(mean).margin(1e-12));
    CHECK(result.deviation == Approx(std::sqrt(squares / static_cast<double>(values.size()))).epsilon(1e-12));
    for (std::size_t bin = 0; bin < 17; ++bin) {
      std::uint64_t expected = 0;
      for (const float x : values) {
        expected += x >= result.edges[bin] && (bin == 16 ? x <= result.edges[17] : x < result.edges[bin + 1]);
      }
      // An element on an edge may fall to either side of it by one rounding.
      CHECK(std::llabs(static_cast<long long>(expected) - static_cast<long long>(result.counts[bin])) <= 1);
    }
  }
}

TEST_CASE("NaN and infinity are counted apart and do not touch the range") {
  const float inf = std::numeric_limits<float>::infinity();
  const auto result = of({1, 2, inf, -inf, NAN, 0}, 4);
  CHECK(result.count == 6);
  CHECK(result.non_finite == 3);
  CHECK(result.zeros == 1);
  CHECK(result.minimum == 0);
  CHECK(result.maximum == 2);
  CHECK(result.mean == Approx(1));
}

TEST_CASE("nothing finite, nothing at all, and one value") {
  CHECK(of({}, 8).counts.empty());
  CHECK(of({NAN, NAN}, 8).counts.empty());
  CHECK(draw(of({}, 8), 80, false).empty());
  const auto constant = of({5, 5, 5}, 8);
  CHECK(constant.counts == std::vector<std::uint64_t>{3});
  CHECK(draw(constant, 24, true) == "5  ############ 3 100.0%\n");
}

TEST_CASE("the widest range there is does not overflow") {
  const double most = std::numeric_limits<double>::max();
  const std::vector<double> values{-most, 0, most};
  const auto result = histogram(core::DType::Float64, core::as_bytes(values.data(), 3), 3);
  CHECK(result.counts == std::vector<std::uint64_t>{1, 1, 1});
}

TEST_CASE("a small range of integers gets a bin a value") {
  const std::vector<std::int64_t> values{3, 3, 5};
  const auto result = histogram(core::DType::Int64, core::as_bytes(values.data(), 3), 20);
  CHECK(result.counts == std::vector<std::uint64_t>{2, 0, 1});
  CHECK(draw(result, 20, true) ==
        "3  ######## 2  66.7%\n"
        "4           0   0.0%\n"
        "5  ####     1  33.3%\n");
}

TEST_CASE("integers that a double holds with gaps are counted") {
  const std::vector<std::int64_t> values = {std::int64_t{1} << 60, (std::int64_t{1} << 60) + 256};
  const auto result = histogram(core::DType::Int64, core::as_bytes(values.data(), values.size()), 1000);
  REQUIRE(result.counts.size() == 257);
  CHECK(result.counts.front() == 1);
  CHECK(result.counts.back() == 1);
}

TEST_CASE("bars fill the width to an eighth of a cell and never disappear") {
  std::vector<float> values(1000, 0.0f);
  values.push_back(1.0f);
  for (const std::size_t width : {30u, 44u, 80u, 200u}) {
    std::istringstream lines(draw(of(values, 2), width, false));
    std::string first, second;
    std::getline(lines, first);
    std::getline(lines, second);
    CHECK(columns(first) == width);
    CHECK(first.find("█") != std::string::npos);
    CHECK(second.find("▏") != std::string::npos);
  }
  CHECK_FALSE(draw(of(values, 2), 3, false).empty());
}

TEST_CASE("ASCII drawings hold ASCII only") {
  for (const char c : draw(of({0, 1, 1, 2, 7}, 5), 60, true)) CHECK(static_cast<unsigned char>(c) < 128);
}
