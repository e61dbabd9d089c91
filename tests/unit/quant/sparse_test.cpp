#include <cmath>
#include <limits>

#include "quant_tensors.hpp"
#include "terse/core/error.hpp"
#include "terse/core/parallel.hpp"
#include "terse/quant/affine/sparse.hpp"
#include "terse_catch.hpp"

namespace terse::quant {

using namespace test;

namespace {

/// Normal numbers of which about the share `zeros` is 0, in runs of changing length.
std::vector<float> with_zeros(std::size_t count, double zeros, std::uint64_t seed) {
  auto x = normals(count, seed);
  core::RandomSequence random({seed, 18, 0});
  for (auto& value : x) {
    if (random.uniform() < zeros) value = random.uniform() < 0.5 ? 0.0f : -0.0f;
  }
  return x;
}

Layout sparse(const std::vector<float>& x, int levels, core::DType dtype = core::DType::Float32) {
  std::uint64_t kept = 0;
  for (const float value : x) kept += value != 0;
  return sparse_layout(affine(x.size(), levels, false, 256, dtype), kept);
}

}  // namespace

TEST_CASE("sparse: zeros come back as zeros, the others as Affine codes them on their own") {
  for (const std::size_t count : {0, 1, 63, 64, 65, 4096, 32768, 32769, 200'003}) {
    for (const double zeros : {0.0, 0.05, 0.5, 0.97, 1.0}) {
      const auto x = with_zeros(count, zeros, count + 1);
      const Layout layout = sparse(x, 16);
      const core::RandomKey key{3, 4, 5};
      const Encoded e = encoded(x.data(), layout, key);
      const auto out = decoded<float>(e);

      std::vector<float> others;
      for (const float value : x) {
        if (value != 0) others.push_back(value);
      }
      const Encoded reference = encoded(others.data(), affine(others.size(), 16), key);
      INFO(count << " elements, " << zeros << " zero");
      CHECK(e.metadata == reference.metadata);
      CHECK(std::equal(e.payload.begin() + static_cast<std::ptrdiff_t>(mask_bytes(count)), e.payload.end(),
                       reference.payload.begin(), reference.payload.end()));
      const auto expected = decoded<float>(reference);
      std::size_t next = 0;
      bool same = true;
      for (std::size_t i = 0; i < count; ++i) same = same && out[i] == (x[i] == 0 ? 0 : expected[next++]);
      CHECK(same);
    }
  }
}

TEST_CASE("sparse: half-width elements and odd level counts") {
  const core::DType dtype = GENERATE(core::DType::Float16, core::DType::BFloat16);
  const auto x = with_zeros(70'001, 0.6, 9);
  std::vector<std::uint16_t> halves(x.size()), back(x.size());
  from_float32(dtype, x.data(), x.size(), halves.data());
  std::vector<float> rounded(x.size()), out(x.size());
  to_float32(dtype, halves.data(), x.size(), rounded.data());
  for (const int levels : {2, 11, 256}) {
    const Encoded e = encoded(halves.data(), sparse(rounded, levels, dtype));
    decode(e.layout, e.payload, e.metadata, back.data());
    to_float32(dtype, back.data(), back.size(), out.data());
    std::size_t kept = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (rounded[i] == 0) {
        REQUIRE(out[i] == 0);
      } else {
        const double step = scale(e, kept++ / 256).second;
        REQUIRE(std::fabs(static_cast<double>(out[i] - rounded[i])) <=
                step * 1.001 + 0.01 * std::fabs(static_cast<double>(rounded[i])));
      }
    }
  }
}

TEST_CASE("sparse: threads do not change bytes") {
  const auto x = with_zeros(300'000, 0.4, 10);
  const Layout layout = sparse(x, 16);
  const int threads = core::threads();
  core::set_threads(1);
  const Encoded one = encoded(x.data(), layout);
  core::set_threads(3);
  const Encoded three = encoded(x.data(), layout);
  core::set_threads(threads);
  CHECK(one.payload == three.payload);
  CHECK(one.metadata == three.metadata);
}

TEST_CASE("sparse: what does not fit is refused") {
  auto x = with_zeros(10'000, 0.5, 11);
  Layout layout = sparse(x, 16);
  std::vector<std::byte> payload(payload_bytes(layout)), metadata(metadata_bytes(layout));
  CHECK(try_encode(x.data(), layout, {}, payload, metadata));
  std::vector<float> out(x.size());
  auto damaged = payload;
  damaged[17] ^= std::byte{4};
  CHECK_THROWS_AS(decode(layout, damaged, metadata, out.data()), Error);
  for (auto& value : x) {
    if (value != 0) {
      value = std::numeric_limits<float>::quiet_NaN();
      break;
    }
  }
  CHECK_FALSE(try_encode(x.data(), layout, {}, payload, metadata));
  for (auto& value : x) value = 0;
  CHECK_FALSE(try_encode(x.data(), layout, {}, payload, metadata));
  layout.dtype = core::DType::Float64;
  CHECK_THROWS_AS(payload_bytes(layout), Error);
  layout.dtype = core::DType::Float32;
  layout.kept = layout.count + 1;
  CHECK_THROWS_AS(payload_bytes(layout), Error);
}

TEST_CASE("sparse: a mask that is there already serves") {
  auto x = with_zeros(5'000, 0.3, 12);
  for (auto& value : x) value = std::fabs(value);
  Layout sign;
  sign.codec = Codec::Sign;
  sign.count = x.size();
  const Encoded signs = encoded(x.data(), sign);
  const std::uint64_t kept = count_kept(signs.payload, x.size());
  const Layout layout = sparse_layout(affine(x.size(), 4), kept);
  CHECK(kept == sparse(x, 4).kept);
  std::vector<std::byte> payload(payload_bytes(layout)), metadata(metadata_bytes(layout));
  std::copy(signs.payload.begin(), signs.payload.end(), payload.begin());
  CHECK(try_encode_masked(x.data(), layout, {}, payload, metadata));
  CHECK(payload == encoded(x.data(), layout).payload);
  CHECK(zero_share(x.data(), x.size(), core::DType::Float32) == Approx(0.3).margin(0.05));
}

}  // namespace terse::quant
