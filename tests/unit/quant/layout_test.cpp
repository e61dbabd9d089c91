#include <limits>

#include "quant_tensors.hpp"
#include "terse/core/error.hpp"
#include "terse/quant/lanes/grid.hpp"
#include "terse_catch.hpp"

using namespace terse;
using namespace terse::quant;
using namespace terse::quant::test;

TEST_CASE("words hold as many codes as fit, and sizes are exact") {
  for (std::uint32_t levels = 2; levels <= 256; ++levels) {
    const Grid grid = make_grid(levels);
    const double most = std::floor(32 / std::log2(static_cast<double>(levels)) + 1e-9);
    REQUIRE(grid.per_word == most);
    REQUIRE(grid.vectors() <= 32);
    REQUIRE(grid.sets * 8 >= grid.vectors());
  }
  for (const std::uint64_t count : {0u, 1u, 2u, 7u, 8u, 9u, 127u, 128u, 1000u, 1001u}) {
    CHECK(payload_bytes(affine(count, 2)) == (count + 7) / 8);
    CHECK(payload_bytes(affine(count, 4)) == (count * 2 + 7) / 8);
    CHECK(payload_bytes(affine(count, 16)) == (count * 4 + 7) / 8);
    CHECK(payload_bytes(affine(count, 256)) == count);
    CHECK(metadata_bytes(affine(count, 16)) == (count + 255) / 256 * 4);
    CHECK(metadata_bytes(affine(count, 16, true)) == (count + 255) / 256 * 8);
  }
  CHECK(payload_bytes(affine(320 * 1000, 3)) == 64000);  // 20 codes of 3 levels a word: 1.6 bits
}

TEST_CASE("layouts that make no sense are refused") {
  Layout layout = affine(100, 16);
  layout.levels = static_cast<std::uint16_t>(GENERATE(0, 1, 257, 65535));
  CHECK_THROWS_AS(payload_bytes(layout), Error);
  layout = affine(100, 16);
  layout.group = GENERATE(0, 8, 100);
  CHECK_THROWS_AS(metadata_bytes(layout), Error);
  layout = affine(std::numeric_limits<std::uint64_t>::max(), 16);
  CHECK_THROWS_AS(payload_bytes(layout), Error);
  layout = affine(100, 16, false, 256, core::DType::Int32);
  CHECK_THROWS_AS(payload_bytes(layout), Error);
  layout.codec = Codec::Integer;
  layout.bits = 33;
  CHECK_THROWS_AS(payload_bytes(layout), Error);
  layout.codec = static_cast<Codec>(77);
  CHECK_THROWS_AS(payload_bytes(layout), Error);
}

TEST_CASE("buffers of the wrong size are refused") {
  const auto x = normals(1000, 1);
  const Layout layout = affine(1000, 16);
  Encoded e = encoded(x.data(), layout);
  std::vector<float> out(1000);
  for (const int change : {-1, 1}) {
    std::vector<std::byte> payload(e.payload.size() + change), metadata(e.metadata.size() + change);
    CHECK_THROWS_AS(decode(layout, payload, e.metadata, out.data()), Error);
    CHECK_THROWS_AS(decode(layout, e.payload, metadata, out.data()), Error);
    CHECK_THROWS_AS(encode(x.data(), layout, {}, payload, e.metadata), Error);
    CHECK_THROWS_AS(encode(x.data(), layout, {}, e.payload, metadata), Error);
  }
}

TEST_CASE("options out of range are refused") {
  const auto x = normals(1000, 1);
  const Survey found = survey(x.data(), 1000, core::DType::Float32);
  const auto options = GENERATE(AffineOptions{.bits = 0}, AffineOptions{.bits = 9}, AffineOptions{.levels = 1},
                                AffineOptions{.levels = 300}, AffineOptions{.group = 0}, AffineOptions{.group = 100});
  CHECK_THROWS_AS(affine_layout(found, 1000, core::DType::Float32, options), Error);
  CHECK_THROWS_AS(affine_layout(found, 1000, core::DType::Int32, {}), Error);
}

TEST_CASE("scales are narrow near zero and wide where groups lie far from it") {
  for (const double mean : {0.0, 5.0, 3000.0}) {
    const auto x = normals(100'000, 4, mean);
    const Layout surveyed =
        affine_layout(survey(x.data(), x.size(), core::DType::Float32), x.size(), core::DType::Float32, {});
    CHECK(surveyed.codec == Codec::Affine);
    CHECK(surveyed.wide_scales == (mean > 1000));
    CHECK(choose_layout(x.data(), x.size(), core::DType::Float32, {}).wide_scales == surveyed.wide_scales);
  }
}

TEST_CASE("narrow scales cost little variance, as promised") {
  const auto x = normals(256 * 400, 4, 5);
  double widened = 0;
  const Encoded narrow = encoded(x.data(), affine(x.size(), 16)), wide = encoded(x.data(), affine(x.size(), 16, true));
  for (std::size_t group = 0; group < 400; ++group) {
    widened += std::pow(scale(narrow, group).second / scale(wide, group).second, 2) / 400;
  }
  CHECK(widened >= 1);
  CHECK(widened <= 1.04);
}

TEST_CASE("choose_layout: affine, or the smallest lossless layout where few values occur") {
  std::vector<float> x(100'000, 0.0f);
  CHECK(choose_layout(x.data(), x.size(), core::DType::Float32, {}).codec == Codec::Constant);
  x[77] = 2;
  CHECK(choose_layout(x.data(), x.size(), core::DType::Float32, {}).codec == Codec::Mask);
  x[99'999] = 3;
  CHECK(choose_layout(x.data(), x.size(), core::DType::Float32, {}).codec == Codec::Affine);
  x[50'001] = std::numeric_limits<float>::infinity();
  CHECK(choose_layout(x.data(), x.size(), core::DType::Float32, {}).codec == Codec::Raw);
  const auto normal = normals(100'000, 1);
  const Layout layout = choose_layout(normal.data(), normal.size(), core::DType::Float32, {.levels = 6, .group = 512});
  CHECK(layout.codec == Codec::Affine);
  CHECK(layout.levels == 6);
  CHECK(layout.bits == 3);
  CHECK(layout.group == 512);
  std::vector<std::int32_t> integers(5000);
  for (std::size_t i = 0; i < integers.size(); ++i) integers[i] = static_cast<std::int32_t>(i % 100);
  CHECK(choose_layout(integers.data(), 5000, core::DType::Int32, {}).bits == 7);
}
