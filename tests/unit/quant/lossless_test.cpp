#include <limits>

#include "quant_tensors.hpp"
#include "terse_catch.hpp"

using namespace terse;
using namespace terse::quant;
using namespace terse::quant::test;

namespace {

template <class T>
core::DType dtype_of() {
  if constexpr (std::is_same_v<T, float>) return core::DType::Float32;
  if constexpr (std::is_same_v<T, double>) return core::DType::Float64;
  if constexpr (std::is_same_v<T, std::uint8_t>) return core::DType::UInt8;
  if constexpr (std::is_same_v<T, std::int8_t>) return core::DType::Int8;
  if constexpr (std::is_same_v<T, std::int16_t>) return core::DType::Int16;
  if constexpr (std::is_same_v<T, std::int32_t>) return core::DType::Int32;
  return core::DType::Int64;
}

/// The lossless layout of x, after a round trip that must be exact.
template <class T>
Layout exact(const std::vector<T>& x, core::DType dtype = dtype_of<T>()) {
  const Layout layout = lossless_layout(survey(x.data(), x.size(), dtype), x.size(), dtype);
  const Encoded e = encoded(x.data(), layout);
  std::vector<T> out(x.size());
  decode(layout, e.payload, e.metadata, out.data());
  CHECK(bytes_of(out) == bytes_of(x));
  return layout;
}

template <class T>
std::vector<T> random_integers(std::size_t count, T minimum, std::uint64_t range) {
  core::RandomSequence random({6, 6, 6});
  std::vector<T> x(count);
  for (auto& value : x) {
    const std::uint64_t draw = range == ~std::uint64_t{0}
                                   ? static_cast<std::uint64_t>(random.word()) << 32 | random.word()
                                   : random.below(range + 1);
    value = static_cast<T>(static_cast<std::uint64_t>(minimum) + draw);
  }
  if (count > 1) x[0] = minimum, x[count - 1] = static_cast<T>(static_cast<std::uint64_t>(minimum) + range);
  return x;
}

}  // namespace

TEST_CASE("int64 of every width comes back exactly at its true width") {
  const int bits = GENERATE(range(2, 65));
  const std::uint64_t range = bits == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
  const std::int64_t minimum = bits == 64 ? std::numeric_limits<std::int64_t>::min() : -5;
  for (const std::size_t count : {100, 63, 64, 65, 1001, 70000}) {
    const Layout layout = exact(random_integers<std::int64_t>(count, minimum, range));
    if (bits < 64 && static_cast<std::uint64_t>(8 * count) > count * bits / 8 + 9) {
      CHECK(layout.codec == Codec::Integer);
      CHECK(layout.bits == bits);
    }
    CHECK(payload_bytes(layout) + metadata_bytes(layout) <= 8 * count);
  }
}

TEMPLATE_TEST_CASE("narrow integers come back exactly over their whole range", "", std::uint8_t, std::int8_t,
                   std::int16_t, std::int32_t) {
  const auto lowest = std::numeric_limits<TestType>::min();
  for (const std::uint64_t range :
       {std::uint64_t{3}, std::uint64_t{100}, (std::uint64_t{1} << 8 * sizeof(TestType)) - 1}) {
    for (const std::size_t count : {0, 1, 2, 17, 64, 999, 200'000})
      exact(random_integers<TestType>(count, lowest, range));
  }
  const Layout layout = exact(random_integers<TestType>(1000, lowest, 5));
  CHECK(layout.codec == Codec::Integer);
  CHECK(layout.bits == 3);
}

TEST_CASE("bools take one bit") {
  std::vector<std::uint8_t> x(100'003);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = core::random_block({2, 2, 2}, i)[0] & 1;
  const Layout layout = exact(x, core::DType::Bool);
  CHECK(layout.bits == 1);
  CHECK(payload_bytes(layout) == 12501);
}

TEMPLATE_TEST_CASE("two-valued tensors take one bit an element and two values", "", float, double, std::int64_t,
                   std::int16_t, std::uint8_t) {
  for (const std::size_t count : {100, 127, 128, 129, 4095, 131'075}) {
    std::vector<TestType> x(count);
    for (std::size_t i = 0; i < count; ++i) {
      x[i] = core::random_block({2, 2, 2}, i)[0] & 1 ? static_cast<TestType>(100) : static_cast<TestType>(7);
    }
    const Layout layout = exact(x);
    CHECK(payload_bytes(layout) == (count + 7) / 8);
    CHECK(layout.codec == Codec::Mask);
  }
}

TEST_CASE("values are compared by their bits") {
  std::vector<float> x(1000, 0.0f);
  x[500] = -0.0f;
  CHECK(exact(x).codec == Codec::Mask);
  x[700] = std::numeric_limits<float>::quiet_NaN();
  CHECK(exact(x).codec == Codec::Raw);
  std::vector<float> nan(1000, std::numeric_limits<float>::quiet_NaN());
  CHECK(exact(nan).codec == Codec::Constant);
  nan[999] = 1;
  CHECK(exact(nan).codec == Codec::Mask);
}

TEST_CASE("constants take one value; tiny and empty tensors are raw") {
  const Layout layout = exact(std::vector<float>(300'000, 1e-42f));
  CHECK(layout.codec == Codec::Constant);
  CHECK(payload_bytes(layout) + metadata_bytes(layout) == 4);
  CHECK(exact(std::vector<float>{}).codec == Codec::Raw);
  CHECK(exact(std::vector<float>{3}).codec == Codec::Raw);
  CHECK(exact(std::vector<float>{3, 4}).codec == Codec::Raw);
  CHECK(exact(std::vector<std::int64_t>{9}).codec == Codec::Raw);
}

TEST_CASE("floats with more than two values are raw") {
  const auto x = normals(5000, 8);
  CHECK(exact(x).codec == Codec::Raw);
}

TEST_CASE("sign keeps x > 0 of every type") {
  const core::DType dtype = GENERATE(core::DType::Float32, core::DType::Float64, core::DType::Float16,
                                     core::DType::BFloat16, core::DType::Int8, core::DType::Int16, core::DType::Int32,
                                     core::DType::Int64, core::DType::UInt8, core::DType::Bool);
  for (const std::size_t count : {0, 1, 63, 64, 65, 1000, 70'003}) {
    auto source = normals(count, 12);
    for (std::size_t i = 0; i < count; i += 3) source[i] = i % 2 != 0 ? 0.0f : -0.0f;
    const bool floating = core::is_floating(dtype);
    if (floating && count > 60) {
      source[7] = -std::numeric_limits<float>::infinity();
      source[10] = std::numeric_limits<float>::infinity();
      source[11] = 1e-41f;
    }
    std::vector<std::byte> x(count * core::size_of(dtype)), out(x.size());
    std::vector<bool> positive(count);
    for (std::size_t i = 0; i < count; ++i) {
      const auto put = [&](auto value) {
        std::memcpy(&x[i * sizeof value], &value, sizeof value);
        positive[i] = value > 0;
      };
      switch (dtype) {
        case core::DType::Float32:
          put(source[i]);
          break;
        case core::DType::Float64:
          put(static_cast<double>(source[i]));
          break;
        case core::DType::Int8:
          put(static_cast<std::int8_t>(source[i] * 8));
          break;
        case core::DType::Int16:
          put(static_cast<std::int16_t>(source[i] * 100));
          break;
        case core::DType::Int32:
          put(static_cast<std::int32_t>(source[i] * 100));
          break;
        case core::DType::Int64:
          put(static_cast<std::int64_t>(source[i] * 100));
          break;
        case core::DType::UInt8:
          put(static_cast<std::uint8_t>(static_cast<int>(source[i] * 100)));
          break;
        case core::DType::Bool:
          put(static_cast<std::uint8_t>(source[i] > 1));
          break;
        default:
          if (dtype == core::DType::Float16 && !std::isfinite(source[i])) source[i] = source[i] > 0 ? 1e6f : -1e6f;
          from_float32(dtype, &source[i], 1, &x[2 * i]);
          float value;
          to_float32(dtype, &x[2 * i], 1, &value);
          positive[i] = value > 0;
      }
    }
    Layout layout;
    layout.codec = Codec::Sign;
    layout.dtype = dtype;
    layout.count = count;
    const Encoded e = encoded(x.data(), layout);
    CHECK(e.payload.size() == (count + 7) / 8);
    decode(layout, e.payload, e.metadata, out.data());
    // The decoded element is 1 or 0: re-encoding it as a sign gives the same bits, and its bytes are not all
    // zero.
    for (std::size_t i = 0; i < count; ++i) {
      bool one = false;
      for (std::size_t b = 0; b < core::size_of(dtype); ++b)
        one = one || out[i * core::size_of(dtype) + b] != std::byte{0};
      INFO("element " << i);
      REQUIRE(one == positive[i]);
    }
    CHECK(encoded(out.data(), layout).payload == e.payload);
  }
}

TEST_CASE("a NaN has no sign") {
  for (const float sign : {1.0f, -1.0f}) {
    auto x = normals(1000, 13);
    Layout layout;
    layout.codec = Codec::Sign;
    layout.count = x.size();
    std::vector<std::byte> payload(payload_bytes(layout));
    CHECK(try_encode(x.data(), layout, {}, payload, {}));
    x[x.size() - 1] = std::copysign(std::numeric_limits<float>::quiet_NaN(), sign);
    CHECK_FALSE(try_encode(x.data(), layout, {}, payload, {}));
  }
}

TEST_CASE("an element that does not fit its lossless layout is noticed") {
  std::vector<std::int64_t> x(1000, 1);
  x[10] = 50;
  Layout layout = lossless_layout(survey(x.data(), 1000, core::DType::Int64), 1000, core::DType::Int64);
  REQUIRE(layout.codec == Codec::Mask);
  x[999] = 3;
  std::vector<std::byte> payload(payload_bytes(layout)), metadata(metadata_bytes(layout));
  CHECK_FALSE(try_encode(x.data(), layout, {}, payload, metadata));
  layout.codec = Codec::Integer;
  layout.bits = 1;
  payload.resize(payload_bytes(layout));
  metadata.resize(metadata_bytes(layout));
  CHECK_FALSE(try_encode(x.data(), layout, {}, payload, metadata));
  layout.codec = Codec::Constant;
  payload.resize(payload_bytes(layout));
  metadata.resize(metadata_bytes(layout));
  CHECK_FALSE(try_encode(x.data(), layout, {}, payload, metadata));
}
