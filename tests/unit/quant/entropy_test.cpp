#include "terse/quant/entropy/entropy.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "quant_tensors.hpp"
#include "terse/core/error.hpp"
#include "terse/core/parallel.hpp"
#include "terse_catch.hpp"
#include "throws.hpp"

using namespace terse;
using namespace terse::quant;
using namespace terse::quant::test;

namespace {

std::vector<std::byte> coded(std::span<const std::byte> plain) {
  std::vector<std::byte> out(entropy_bound(plain.size()));
  out.resize(entropy_encode(plain, out));
  return out;
}

double squared_error(const std::vector<float>& x, const Encoded& e) {
  const auto back = decoded<float>(e);
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += std::pow(double(back[i]) - double(x[i]), 2);
  return sum;
}

}  // namespace

TEST_CASE("entropy coded bytes come back, and are the same for any number of threads") {
  const std::size_t size = GENERATE(std::size_t{0}, 1, 4096, 131'072, 131'073, 1'000'000);
  const auto x = normals(2 * size + 16, 5);
  Layout layout = affine(x.size(), 11);
  layout.bits = 4;
  layout.fields = true;
  auto plain = encoded(x.data(), layout).payload;
  plain.resize(size);
  core::set_threads(1);
  const auto by_one = coded(plain);
  core::set_threads(0);
  const auto bytes = coded(plain);
  CHECK(bytes == by_one);
  std::vector<std::byte> back(size);
  entropy_decode(bytes, back);
  CHECK(back == plain);
}

TEST_CASE("damaged entropy coded bytes are refused, or come back as other bytes") {
  std::vector<std::byte> plain(300'000);
  core::RandomSequence random({6, 1, 0});
  for (auto& byte : plain) byte = static_cast<std::byte>(std::min(3.0, std::abs(random.normal())));
  const auto good = coded(plain);
  std::vector<std::byte> back(plain.size());
  for (std::size_t at = 0; at < good.size(); at += 1 + good.size() / 500) {
    auto bad = good;
    bad[at] ^= std::byte{0x10};
    try {
      entropy_decode(bad, back);
    } catch (const Error& error) {
      CHECK(error.exit_code() == 65);
    }
  }
  CHECK_THROWS_AS(entropy_decode(std::span(good).first(good.size() - 1), back), Error);
  CHECK_THROWS_AS(entropy_decode(std::span(good).first(3), back), Error);
}

TEST_CASE("a finer layout takes no more bytes and has clearly less variance") {
  const int levels = GENERATE(2, 4, 8, 16);
  const auto x = normals(200'000, 7);
  Layout plain = affine(x.size(), levels);
  plain.dithered = GENERATE(false, true);
  const Layout finer = finer_layout(x.data(), plain, true);
  CHECK(finer.fields);
  const Encoded before = encoded(x.data(), plain), after = encoded(x.data(), finer);
  const double bytes = static_cast<double>(coded(after.payload).size());
  CHECK(bytes <= static_cast<double>(before.payload.size()));
  CHECK(bytes >= 0.95 * static_cast<double>(before.payload.size()));
  CHECK(squared_error(x, after) < 0.62 * squared_error(x, before));
}

TEST_CASE("a few steps lie around the middle of normal elements, and begin at the minimum of those with many zeros") {
  auto x = normals(200'000, 12);
  const Layout plain = affine(x.size(), 2);
  const Layout centred = finer_layout(x.data(), plain, true);
  CHECK(centred.centred);
  CHECK(centred.levels == 3);
  for (auto& element : x) element = std::max(element, 0.0f);
  const Layout from_zero = finer_layout(x.data(), plain, true);
  CHECK(!from_zero.centred);
  const auto back = decoded<float>(encoded(x.data(), from_zero));
  std::size_t moved = 0;
  for (std::size_t i = 0; i < x.size(); ++i) moved += x[i] == 0 && back[i] != 0;
  CHECK(moved == 0);
}

TEST_CASE("what is positive stays so: others may divide by it") {
  auto x = normals(200'000, 13);
  for (auto& element : x) element = std::exp(element / 2);
  for (const int levels : {2, 4, 16}) {
    const Layout layout = finer_layout(x.data(), affine(x.size(), levels), true);
    CHECK(!layout.centred);
    const auto back = decoded<float>(encoded(x.data(), layout));
    CHECK(*std::min_element(back.begin(), back.end()) > 0);
  }
}

TEST_CASE("a grid in the middle reaches as far beyond both ends of a group, and is unbiased") {
  const std::vector<float> x(4096, 0.25f);
  auto ends = x;
  for (std::size_t i = 0; i < x.size(); i += 256) ends[i] = -1, ends[i + 1] = 1;
  Layout layout = affine(x.size(), 3);
  layout.wide_scales = true;
  layout.steps = 1.6f;  // of 2 / 1.6: points at -1.25, 0, 1.25
  layout.centred = true;
  double sum = 0;
  for (const float element : decoded<float>(encoded(ends.data(), layout))) {
    CHECK((element == Approx(0).margin(1e-5) || std::abs(element) == Approx(1.25f).epsilon(1e-5)));
    sum += element;
  }
  CHECK(sum / static_cast<double>(x.size()) == Approx(0.248).margin(0.03));
  layout.steps = 0;
  CHECK_THROWS_AS(encoded(ends.data(), layout), Error);
}

TEST_CASE("what has nothing to gain keeps its layout") {
  std::vector<float> uniform(100'000);
  core::RandomSequence random({8, 1, 0});
  for (auto& x : uniform) x = static_cast<float>(random.uniform());
  CHECK(finer_layout(uniform.data(), affine(uniform.size(), 16), true).levels == 16);
  const auto x = normals(100'000, 9);
  CHECK(finer_layout(x.data(), affine(x.size(), 256), true).levels == 256);
  CHECK(finer_layout(x.data(), affine(1000, 4), true).levels == 4);
}

TEST_CASE("zeros that are stored apart do not count") {
  auto x = normals(100'000, 10);
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (core::random_block({3, 3, 3}, i)[0] % 10 < 7) x[i] = 0;
  }
  const Layout plain = affine(x.size(), 16);
  CHECK(finer_layout(x.data(), plain, true).levels > 1.5 * finer_layout(x.data(), plain, false).levels);
}

TEST_CASE("codes in fields lie where the format says, and too large ones are clamped") {
  const auto x = normals(5003, 11);
  Layout layout = affine(x.size(), 6);
  layout.bits = 4;
  layout.fields = true;
  Encoded e = encoded(x.data(), layout);
  CHECK(e.payload.size() == (x.size() + 1) / 2);
  std::fill(e.payload.begin(), e.payload.end(), std::byte{0xFF});
  const auto back = decoded<float>(e);
  for (const std::size_t i : {std::size_t{0}, std::size_t{1000}, x.size() - 1}) {
    const auto [minimum, step] = scale(e, i / layout.group);
    CHECK(double(back[i]) == Approx(minimum + 5 * step));
  }
  layout.bits = 3;
  CHECK_THROWS_AS(payload_bytes(layout), Error);
  layout.bits = 2;
  CHECK_THROWS_AS(payload_bytes(layout), Error);
}
