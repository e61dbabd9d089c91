// Subtractive dither: the same codes as stochastic rounding, decoded without the offsets that they were rounded with.
#include <cfloat>

#include "quant_tensors.hpp"
#include "terse/core/error.hpp"
#include "terse_catch.hpp"

namespace terse::quant {

using namespace test;

TEST_CASE("dither: the codes are those of stochastic rounding; the stream follows the scales") {
  const int levels = GENERATE(2, 3, 16, 23, 256);
  const auto x = normals(5003, 4);
  const core::RandomKey key{5, 6, 7};
  const Encoded plain = encoded(x.data(), affine(x.size(), levels), key);
  const Encoded with = encoded(x.data(), dithered(affine(x.size(), levels)), key);
  CHECK(with.payload == plain.payload);
  REQUIRE(with.metadata.size() == plain.metadata.size() + 16);
  CHECK(std::equal(plain.metadata.begin(), plain.metadata.end(), with.metadata.begin()));
  const core::StreamWords words = core::stream_words(key);
  const std::uint32_t stream[] = {words.key[0], words.key[1], words.upper[0], words.upper[1]};
  CHECK(std::memcmp(with.metadata.data() + plain.metadata.size(), stream, 16) == 0);
}

TEST_CASE("dither: any size comes back within half a step") {
  const int levels = GENERATE(2, 3, 5, 11, 16, 256);
  const bool wide = GENERATE(false, true);
  for (std::size_t count : {0, 1, 2, 15, 16, 17, 127, 128, 129, 255, 256, 257, 513, 1000, 3329, 70001}) {
    const auto x = normals(count, count, 2);
    const Encoded e = encoded(x.data(), dithered(affine(count, levels, wide)));
    const auto back = decoded<float>(e);
    for (std::size_t i = 0; i < count; ++i) {
      const auto [minimum, step] = scale(e, i / 256);
      INFO(count << " elements, " << levels << " levels, element " << i);
      const double rounding = 4 * FLT_EPSILON * (std::fabs(minimum) + levels * step);
      REQUIRE(std::fabs(static_cast<double>(back[i]) - static_cast<double>(x[i])) <= step * (0.5 + 1e-4) + rounding);
    }
  }
}

TEST_CASE("dither: each element's error has mean zero and the variance of a twelfth of a step, at four sigma") {
  const int levels = GENERATE(2, 3, 11, 16, 256);
  const bool wide = GENERATE(false, true);
  const std::uint64_t seed = GENERATE(1, 2, 3);
  constexpr int kDraws = 300;
  const auto x = normals(2100, seed);
  const Layout layout = dithered(affine(x.size(), levels, wide));
  std::vector<double> sum(x.size(), 0), squares(x.size(), 0);
  double bias = 0, square = 0;
  for (int draw = 0; draw < kDraws; ++draw) {
    const Encoded e = encoded(x.data(), layout, {seed, 3, static_cast<std::uint32_t>(draw)});
    const auto back = decoded<float>(e);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double error = (static_cast<double>(back[i]) - static_cast<double>(x[i])) / scale(e, i / 256).second;
      sum[i] += error;
      squares[i] += error * error;
      bias += error;
      square += error * error;
    }
  }
  const double draws = kDraws * static_cast<double>(x.size());
  CHECK(std::fabs(bias) <= 4 * std::sqrt(draws / 12));
  // The square of a uniform error within half a step has the variance 1/80 - 1/144 = 1/180.
  CHECK(std::fabs(square - draws / 12) <= 4 * std::sqrt(draws / 180));
  double chi = 0, spread = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    chi += sum[i] * sum[i] / (kDraws / 12.0);
    spread += std::pow(squares[i] - kDraws / 12.0, 2) / (kDraws / 180.0);
  }
  const double count = static_cast<double>(x.size());
  CHECK(std::fabs(chi - count) <= 4 * std::sqrt(2 * count));
  CHECK(std::fabs(spread - count) <= 4 * std::sqrt(2 * count));  // no element has another variance than the rest
}

TEST_CASE("dither: other element types stay within half a step and their own rounding") {
  const core::DType dtype = GENERATE(core::DType::Float64, core::DType::Float16, core::DType::BFloat16);
  const auto source = normals(3001, 5);
  std::vector<std::byte> x(source.size() * core::size_of(dtype)), back(x.size());
  std::vector<float> exact(source.size()), restored(source.size());
  std::vector<double> wide(source.begin(), source.end());
  if (dtype == core::DType::Float64) {
    std::memcpy(x.data(), wide.data(), x.size());
  } else {
    from_float32(dtype, source.data(), source.size(), x.data());
  }
  const Encoded e = encoded(x.data(), dithered(affine(source.size(), 16, false, 256, dtype)));
  decode(e.layout, e.payload, e.metadata, back.data());
  const double ulp = dtype == core::DType::Float64 ? 0 : dtype == core::DType::Float16 ? 0x1p-11 : 0x1p-8;
  if (dtype == core::DType::Float64) {
    std::memcpy(wide.data(), back.data(), back.size());
    exact = source;
  } else {
    to_float32(dtype, x.data(), exact.size(), exact.data());
    to_float32(dtype, back.data(), restored.size(), restored.data());
    wide.assign(restored.begin(), restored.end());
  }
  for (std::size_t i = 0; i < exact.size(); ++i) {
    const double step = scale(e, i / 256).second, value = static_cast<double>(exact[i]);
    REQUIRE(std::fabs(wide[i] - value) <= step * (0.5 + 1e-3) + (std::fabs(value) + step) * ulp);
  }
}

TEST_CASE("dither: zeros that are stored apart stay zero") {
  auto x = normals(40'000, 6);
  std::uint64_t kept = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (i % 3 != 0) x[i] = 0;
    kept += x[i] != 0;
  }
  const Encoded e = encoded(x.data(), sparse_layout(dithered(affine(x.size(), 16)), kept));
  const auto back = decoded<float>(e);
  std::size_t next = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (x[i] == 0) {
      REQUIRE(back[i] == 0);
    } else {
      REQUIRE(std::fabs(back[i] - x[i]) <= scale(e, next++ / 256).second * 0.501);
    }
  }
}

TEST_CASE("dither: a layout asks for it; damaged bytes decode to some numbers") {
  const auto x = normals(3000, 7);
  AffineOptions options;
  CHECK_FALSE(choose_layout(x.data(), x.size(), core::DType::Float32, options).dithered);
  options.dither = true;
  const Layout layout = choose_layout(x.data(), x.size(), core::DType::Float32, options);
  CHECK(layout.dithered);
  Encoded e = encoded(x.data(), layout);
  core::RandomSequence random({4, 4, 4});
  for (auto& byte : e.payload) byte = static_cast<std::byte>(random.word());
  for (const float value : decoded<float>(e)) REQUIRE(std::isfinite(value));
  for (auto& byte : e.metadata) byte = static_cast<std::byte>(random.word());
  CHECK(decoded<float>(e).size() == x.size());
  e.metadata.pop_back();
  std::vector<float> out(x.size());
  CHECK_THROWS_AS(decode(e.layout, e.payload, e.metadata, out.data()), Error);
}

}  // namespace terse::quant
