#include <cfloat>
#include <limits>

#include "quant_tensors.hpp"
#include "terse/core/error.hpp"
#include "terse/quant/lanes/grid.hpp"
#include "terse_catch.hpp"

using namespace terse;
using namespace terse::quant;
using namespace terse::quant::test;

namespace {

/// Code of element i, read from the payload as the format says.
std::uint32_t stored_code(const Encoded& e, std::size_t i) {
  const Grid grid = make_grid(e.layout.levels);
  const std::size_t tile = i / grid.tile(), whole = e.layout.count / grid.tile();
  std::size_t at = tile * grid.tile_words() * 4, bytes = 4;
  std::uint32_t digit;
  if (tile < whole) {
    const std::size_t row = i % grid.tile() / kLanes;
    at += (row / grid.per_word * kLanes + i % kLanes) * 4;
    digit = static_cast<std::uint32_t>(row % grid.per_word);
  } else {
    const std::size_t place = i % grid.tile();
    at += place / grid.per_word * 4;
    bytes = std::min<std::size_t>(4, e.payload.size() - at);
    digit = static_cast<std::uint32_t>(place % grid.per_word);
  }
  std::uint32_t word = 0;
  std::memcpy(&word, e.payload.data() + at, bytes);
  for (std::uint32_t k = 0; k < digit; ++k) word /= grid.levels;
  return word % grid.levels;
}

/// The random offset of element i in [0, 1), from core's generator.
double offset(const Encoded& e, const core::RandomKey& key, std::size_t i) {
  const Grid grid = make_grid(e.layout.levels);
  const std::size_t row = i % grid.tile() / kLanes;
  const auto block = core::random_block(key, (i / grid.tile() * grid.sets + row / 8) * kLanes + i % kLanes);
  const std::uint32_t word = block[row % 8 / 2];
  return std::ldexp(row % 2 != 0 ? word >> 17 : word & 0x7FFF, -15);
}

}  // namespace

TEST_CASE("affine codes agree with a naive double reference") {
  const int levels = GENERATE(2, 3, 4, 5, 6, 7, 8, 11, 16, 23, 40, 84, 100, 255, 256);
  const std::uint32_t group = GENERATE(16, 48, 256, 1024);
  const bool wide = GENERATE(false, true);
  const core::RandomKey key{7, 0xFEDCBA9876543210, 5};
  const auto x = normals(3000 + levels, 11, 2);
  const Encoded e = encoded(x.data(), affine(x.size(), levels, wide, group), key);
  const auto back = decoded<float>(e);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto [minimum, step] = scale(e, i / group);
    const double place = (static_cast<double>(x[i]) - minimum) / step + offset(e, key, i);
    const std::uint32_t code = stored_code(e, i);
    INFO("element " << i << " levels " << levels << " group " << group << " wide " << wide);
    // Fixed point of 2^-15 and float arithmetic move a place by little; elsewhere the codes are the same.
    if (std::fabs(place - std::round(place)) > 2e-4) REQUIRE(code == std::floor(place));
    REQUIRE(code < static_cast<std::uint32_t>(levels));
    const double value = minimum + code * step;
    REQUIRE(std::fabs(back[i] - value) <= 2 * FLT_EPSILON * (std::fabs(minimum) + code * step));
    REQUIRE(std::fabs(back[i] - static_cast<double>(x[i])) <= step * (1 + 1e-3));
  }
}

TEST_CASE("affine is unbiased and has the variance of stochastic rounding, at four sigma") {
  const int levels = GENERATE(2, 3, 4, 6, 11, 16, 84, 256);
  const bool wide = GENERATE(false, true);
  const std::uint64_t seed = GENERATE(1, 2, 3);
  constexpr int kDraws = 300;
  const auto x = normals(2100, seed);
  const Layout layout = affine(x.size(), levels, wide);
  std::vector<double> sum(x.size(), 0);
  double bias = 0, square = 0;
  Encoded e;
  for (int draw = 0; draw < kDraws; ++draw) {
    e = encoded(x.data(), layout, {seed, 3, static_cast<std::uint32_t>(draw)});
    const auto back = decoded<float>(e);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double error = (static_cast<double>(back[i]) - static_cast<double>(x[i])) / scale(e, i / 256).second;
      sum[i] += error;
      bias += error;
      square += error * error;
    }
  }
  // With f the place between two grid points, an error is 1-f with probability f and -f otherwise.
  double variance = 0, fourth = 0, chi = 0;
  int counted = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto [minimum, step] = scale(e, i / 256);
    const double place = (static_cast<double>(x[i]) - minimum) / step, f = place - std::floor(place);
    const double v = f * (1 - f);
    variance += v;
    fourth += v * (1 - 3 * v) - v * v;
    if (v * kDraws < 20) continue;
    chi += sum[i] * sum[i] / (v * kDraws);
    ++counted;
  }
  CHECK(std::fabs(bias) <= 4 * std::sqrt(variance * kDraws));
  CHECK(std::fabs(square - variance * kDraws) <= 4 * std::sqrt(fourth * kDraws));
  CHECK(std::fabs(chi - counted) <= 4 * std::sqrt(2.0 * counted));  // each element by itself
}

TEST_CASE("offsets of neighbours and of steps are unrelated") {
  // All elements half way between two points: codes are coin flips, which must not agree more often than
  // chance.
  constexpr std::size_t kCount = 1 << 16;
  std::vector<float> x(kCount, 0.5f);
  for (std::size_t i = 0; i < kCount; i += 256) x[i] = 0, x[i + 1] = 1;
  const auto layout = affine(kCount, 2);
  const auto first = decoded<float>(encoded(x.data(), layout, {1, 1, 1}));
  const core::RandomKey other = GENERATE(core::RandomKey{1, 1, 2}, core::RandomKey{1, 2, 1}, core::RandomKey{2, 1, 1});
  const auto second = decoded<float>(encoded(x.data(), layout, other));
  for (const std::size_t lag : {0u, 1u, 16u, 32u, 128u, 512u}) {
    int agree = 0, total = 0;
    for (std::size_t i = 2; i + lag < kCount; ++i) {
      if (i % 256 < 2 || (i + lag) % 256 < 2) continue;
      agree += first[i] == (lag != 0 ? first : second)[i + lag];
      ++total;
    }
    INFO("lag " << lag);
    CHECK(std::fabs(agree - total / 2.0) <= 4 * std::sqrt(total / 4.0));
  }
}

TEST_CASE("any size and remainder comes back within one step") {
  const int levels = GENERATE(2, 3, 5, 16, 256);
  const std::uint32_t group = GENERATE(16, 256);
  for (std::size_t count : {0, 1, 2, 15, 16, 17, 63, 127, 128, 129, 255, 256, 257, 511, 513, 1000, 3329, 70001}) {
    const auto x = normals(count, count);
    const Encoded e = encoded(x.data(), affine(count, levels, false, group));
    const auto back = decoded<float>(e);
    for (std::size_t i = 0; i < count; ++i) {
      INFO(count << " elements, " << levels << " levels, element " << i);
      REQUIRE(std::fabs(back[i] - x[i]) <= scale(e, i / group).second * (1 + 1e-3));
    }
  }
}

TEST_CASE("what lies on the grid comes back exactly") {
  const int levels = GENERATE(2, 4, 16, 256);
  const bool wide = GENERATE(false, true);
  std::vector<float> x(5000);
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = static_cast<float>(i % 256 == 0 ? levels - 1 : i % 256 == 1 ? 0 : static_cast<int>(i * 7 % levels)) * 0.25f;
  }
  CHECK(decoded<float>(encoded(x.data(), affine(x.size(), levels, wide))) == x);
}

TEST_CASE("float64, float16 and bfloat16 are unbiased to within their own rounding") {
  const core::DType dtype = GENERATE(core::DType::Float64, core::DType::Float16, core::DType::BFloat16);
  const int levels = GENERATE(4, 6, 16, 256);
  constexpr int kDraws = 400;
  const auto source = normals(1300, 5);
  std::vector<std::byte> x(source.size() * core::size_of(dtype));
  std::vector<double> exact(source.size());
  const auto as_double = [&](const std::byte* bytes, std::size_t i) {
    if (dtype == core::DType::Float64) return reinterpret_cast<const double*>(bytes)[i];
    float value;
    to_float32(dtype, bytes + 2 * i, 1, &value);
    return static_cast<double>(value);
  };
  for (std::size_t i = 0; i < source.size(); ++i) {
    const double value = static_cast<double>(source[i]) * 1.000000001;
    if (dtype == core::DType::Float64) std::memcpy(&x[8 * i], &value, 8);
  }
  if (dtype != core::DType::Float64) from_float32(dtype, source.data(), source.size(), x.data());
  for (std::size_t i = 0; i < source.size(); ++i) exact[i] = as_double(x.data(), i);
  const double ulp = dtype == core::DType::Float64 ? 1e-15 : dtype == core::DType::Float16 ? 0x1p-11 : 0x1p-8;
  const Layout layout = affine(source.size(), levels, false, 256, dtype);
  std::vector<double> sum(source.size(), 0);
  Encoded e;
  for (int draw = 0; draw < kDraws; ++draw) {
    e = encoded(x.data(), layout, {9, 9, static_cast<std::uint32_t>(draw)});
    std::vector<std::byte> back(x.size());
    decode(layout, e.payload, e.metadata, back.data());
    for (std::size_t i = 0; i < source.size(); ++i) {
      const double error = as_double(back.data(), i) - exact[i];
      sum[i] += error;
      const double step = scale(e, i / 256).second;
      REQUIRE(std::fabs(error) <= step * 1.001 + (std::fabs(exact[i]) + step) * ulp);
    }
  }
  double excess = 0;
  for (std::size_t i = 0; i < source.size(); ++i) {
    const double step = scale(e, i / 256).second;
    const double allowed = (std::fabs(exact[i]) + step) * ulp + 5 * step * std::sqrt(0.25 / kDraws);
    excess = std::max(excess, std::fabs(sum[i] / kDraws) / allowed);
  }
  CHECK(excess <= 1);
}

TEST_CASE("float64 keeps more than float32 can say") {
  std::vector<double> x(512);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = 1 + 1e-9 * static_cast<double>(i % 256);
  const Encoded e = encoded(x.data(), affine(x.size(), 256, true, 256, core::DType::Float64));
  const auto back = decoded<double>(e);
  for (std::size_t i = 0; i < x.size(); ++i) REQUIRE(std::fabs(back[i] - x[i]) <= 2e-9);
}

TEST_CASE("affine refuses what it cannot hold, and raw keeps it") {
  const float bad = GENERATE(std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                             -std::numeric_limits<float>::infinity(), FLT_MAX, -FLT_MAX, 0x1p125f);
  const std::size_t place = GENERATE(0, 255, 256, 1000, 1023, 1036);
  const core::DType dtype = GENERATE(core::DType::Float32, core::DType::Float64, core::DType::BFloat16);
  auto source = normals(1037, 3);
  source[place] = bad;
  std::vector<std::byte> x(source.size() * core::size_of(dtype));
  for (std::size_t i = 0; i < source.size(); ++i) {
    const double wide = static_cast<double>(source[i]);
    if (dtype == core::DType::Float64) std::memcpy(&x[8 * i], &wide, 8);
  }
  if (dtype == core::DType::Float32) x = bytes_of(source);
  if (dtype == core::DType::BFloat16) from_float32(dtype, source.data(), source.size(), x.data());
  const Layout layout = affine(source.size(), 16, false, 256, dtype);
  std::vector<std::byte> payload(payload_bytes(layout)), metadata(metadata_bytes(layout));
  CHECK_FALSE(try_encode(x.data(), layout, {}, payload, metadata));
  CHECK_THROWS_AS(encode(x.data(), layout, {}, payload, metadata), Error);

  const Survey found = survey(x.data(), source.size(), dtype);
  CHECK(found.non_finite ==
        (std::isfinite(bad) && dtype != core::DType::BFloat16 ? 0u : !std::isfinite(bad) || std::fabs(bad) > 3.39e38f));
  const Layout kept = affine_layout(found, source.size(), dtype, {});
  REQUIRE(kept.codec == Codec::Raw);
  const Encoded e = encoded(x.data(), kept);
  std::vector<std::byte> back(x.size());
  decode(kept, e.payload, e.metadata, back.data());
  CHECK(back == x);
}

TEST_CASE("denormals and other tiny tensors are kept raw; among larger elements they cost no more than a step") {
  std::vector<float> x(1000);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i) * FLT_TRUE_MIN * 1000;
  const Layout kept =
      affine_layout(survey(x.data(), x.size(), core::DType::Float32), x.size(), core::DType::Float32, {});
  CHECK(kept.codec == Codec::Raw);
  const Layout layout = affine(x.size(), 16);
  std::vector<std::byte> payload(payload_bytes(layout)), metadata(metadata_bytes(layout));
  CHECK_FALSE(try_encode(x.data(), layout, {}, payload, metadata));
  x[999] = 1;
  const Encoded e = encoded(x.data(), layout);
  const auto back = decoded<float>(e);
  for (std::size_t i = 0; i < x.size(); ++i) REQUIRE(std::fabs(back[i] - x[i]) <= scale(e, i / 256).second);
  for (std::size_t i = 0; i < 512; ++i) REQUIRE(std::fabs(back[i] - x[i]) <= 0x1p-100f);
}

TEST_CASE("constant groups: exact where the scale holds the value, unbiased where it does not") {
  std::vector<float> x(2048, 0.0f);
  std::fill(x.begin() + 256, x.begin() + 512, -1.5f);
  std::fill(x.begin() + 512, x.begin() + 768, 0.1f);
  x[2047] = 3;
  const auto wide = decoded<float>(encoded(x.data(), affine(x.size(), 16, true)));
  for (std::size_t i = 0; i < 1792; ++i) REQUIRE(wide[i] == x[i]);
  double sum = 0;
  constexpr int kDraws = 200;
  for (int draw = 0; draw < kDraws; ++draw) {
    const auto narrow =
        decoded<float>(encoded(x.data(), affine(x.size(), 16), {1, 1, static_cast<std::uint32_t>(draw)}));
    for (std::size_t i = 0; i < 512; ++i) REQUIRE(narrow[i] == x[i]);
    for (std::size_t i = 512; i < 768; ++i) {
      REQUIRE(std::fabs(narrow[i] - 0.1f) <= 0.1f / 128);
      sum += static_cast<double>(narrow[i]) - static_cast<double>(0.1f);
    }
  }
  CHECK(std::fabs(sum) / (256 * kDraws) <= 4 * 0.1 / 128 / 15 / 2 / std::sqrt(256 * kDraws) + 1e-8);
}

TEST_CASE("damaged payloads and metadata decode to some numbers, in bounds") {
  const int levels = GENERATE(2, 3, 16, 40, 255);
  const auto x = normals(1999, 1);
  Encoded e = encoded(x.data(), affine(x.size(), levels));
  const auto clean = decoded<float>(e);
  core::RandomSequence random({4, 4, 4});
  for (auto& byte : e.payload) byte = static_cast<std::byte>(random.word());
  for (const float value : decoded<float>(e)) REQUIRE(std::isfinite(value));
  for (auto& byte : e.metadata) byte = static_cast<std::byte>(random.word());
  CHECK(decoded<float>(e).size() == clean.size());
}
