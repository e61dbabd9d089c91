// Bytes and decoded bits must not depend on the SIMD target or on the number of threads.

#include <functional>
#include <set>
#include <string>

#include "hwy/highway.h"
#include "hwy/targets.h"
#include "quant_tensors.hpp"
#include "terse/core/parallel.hpp"
#include "terse/quant/affine/affine_lane.hpp"
#include "terse/quant/lanes/rest.hpp"
#include "terse/quant/lanes/simd_target.hpp"
#include "terse_catch.hpp"

using namespace terse;
using namespace terse::quant;
using namespace terse::quant::test;

namespace {

void use_targets(std::int64_t targets) {
  hwy::SetSupportedTargetsForTest(targets);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

/// Runs `work` once a compiled and supported target; its results must all be equal.
void same_on_all_targets(const std::function<std::vector<std::byte>()>& work) {
  use_targets(0);
  const std::int64_t targets = hwy::SupportedTargets() & HWY_TARGETS;
  std::vector<std::byte> first;
  std::set<std::string> names;
  for (std::int64_t left = targets; left != 0; left &= left - 1) {
    use_targets(left & -left);
    names.insert(std::string(simd_target()));
    const auto bytes = work();
    if (names.size() == 1) first = bytes;
    INFO("target " << simd_target());
    REQUIRE(bytes == first);
  }
  use_targets(0);
#if HWY_ARCH_X86
  CHECK(names.size() >= 2);
#endif
  CHECK((names.count("Scalar") + names.count("SCALAR") + names.count("Emu128") + names.count("EMU128")) == 1);
}

std::vector<std::byte> round_trip(const void* x, const Layout& layout) {
  Encoded e = encoded(x, layout, {3, 1415, 92});
  std::vector<std::byte> out(layout.count * core::size_of(layout.dtype));
  decode(layout, e.payload, e.metadata, out.data());
  e.payload.insert(e.payload.end(), e.metadata.begin(), e.metadata.end());
  e.payload.insert(e.payload.end(), out.begin(), out.end());
  return e.payload;
}

std::vector<std::byte> elements(core::DType dtype, std::size_t count, double mean) {
  const auto source = normals(count, 21, mean);
  if (dtype == core::DType::Float32) return bytes_of(source);
  if (dtype == core::DType::Float64) return bytes_of(std::vector<double>(source.begin(), source.end()));
  std::vector<std::byte> x(2 * count);
  from_float32(dtype, source.data(), count, x.data());
  return x;
}

}  // namespace

TEST_CASE("affine: all SIMD targets give the same bytes and values") {
  const int levels = GENERATE(2, 3, 4, 5, 6, 8, 11, 16, 23, 40, 84, 255, 256);
  const core::DType dtype =
      GENERATE(core::DType::Float32, core::DType::Float16, core::DType::BFloat16, core::DType::Float64);
  for (const std::uint32_t group : {16u, 80u, 256u}) {
    for (const double mean : {0.0, 50.0}) {
      const auto x = elements(dtype, 5003, mean);
      const Layout layout = affine(5003, levels, mean != 0, group, dtype);
      same_on_all_targets([&] { return round_trip(x.data(), layout); });
      same_on_all_targets([&] { return round_trip(x.data(), dithered(layout)); });
      Layout fields = dithered(layout);
      fields.bits = levels <= 4 ? 2 : levels <= 16 ? 4 : 8;
      fields.fields = true;
      same_on_all_targets([&] { return round_trip(x.data(), fields); });
    }
  }
}

TEST_CASE("affine: signed zeros and denormals do not split the targets") {
  auto x = normals(4099, 2);
  for (std::size_t i = 0; i < x.size(); i += 3) x[i] = i % 2 != 0 ? -0.0f : 0.0f;
  for (std::size_t i = 1; i < 1500; i += 2) x[i] = (i % 4 == 1 ? -1e-40f : 1e-40f) * static_cast<float>(i % 5);
  for (std::size_t i = 0; i < 600; ++i) x[i] = i % 2 != 0 ? -0.0f : 0.0f;
  same_on_all_targets([&] { return round_trip(x.data(), affine(x.size(), 16)); });
}

TEST_CASE("sparse: all SIMD targets agree") {
  auto x = normals(70'001, 3);
  std::uint64_t kept = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (core::random_block({2, 2, 2}, i)[0] % 5 < 2) x[i] = 0;
    kept += x[i] != 0;
  }
  same_on_all_targets([&] { return round_trip(x.data(), sparse_layout(affine(x.size(), 16), kept)); });
  same_on_all_targets([&] { return round_trip(x.data(), sparse_layout(dithered(affine(x.size(), 11)), kept)); });
}

TEST_CASE("masks, signs, integers and surveys: all SIMD targets agree") {
  const core::DType dtype =
      GENERATE(core::DType::Float32, core::DType::Float16, core::DType::BFloat16, core::DType::Float64);
  auto x = elements(dtype, 2777, 0);
  const std::size_t size = core::size_of(dtype);
  Layout layout;
  layout.dtype = dtype;
  layout.count = 2777;
  layout.codec = Codec::Sign;
  same_on_all_targets([&] { return round_trip(x.data(), layout); });
  same_on_all_targets([&] {
    const Survey s = survey(x.data(), layout.count, dtype);
    const double values[] = {static_cast<double>(s.non_finite), static_cast<double>(s.zeros), s.minimum, s.maximum,
                             static_cast<double>(s.distinct),   static_cast<double>(s.offset)};
    return bytes_of(std::vector<double>(values, values + 6));
  });
  for (std::size_t i = 2; i < layout.count; ++i) {
    std::memcpy(&x[i * size], &x[core::random_block({1, 1, 1}, i)[0] % 2 * size], size);
  }
  layout.codec = Codec::Mask;
  same_on_all_targets([&] { return round_trip(x.data(), layout); });
}

TEST_CASE("a thread a lane over the whole tensor, as on CUDA, gives the same bytes and values") {
  const int levels = GENERATE(2, 3, 16, 23, 256);
  const std::uint32_t group = GENERATE(16, 208, 256, 1024);
  const core::RandomKey key{3, 1415, 92};
  const bool dither = GENERATE(false, true);
  for (const std::size_t count : {1, 500, 512, 4096, 5003}) {
    const auto x = normals(count, 8);
    const Layout layout = affine(count, levels, false, group);
    const Encoded e = encoded(x.data(), dither ? dithered(layout) : layout, key);
    const AffinePlan plan = make_plan(e.layout, key);
    std::vector<std::byte> payload(e.payload.size());
    std::vector<float> out(count);
    for (std::uint64_t tile = 0; tile * plan.grid.tile() < count; ++tile) {
      std::uint32_t words[2 * kLanes];
      const std::uint64_t size = lane::tile_size(plan, tile);
      for (std::uint32_t j = 0; j < kLanes; ++j) {
        lane::encode_tile_lane(plan, x.data(), e.metadata.data(), tile, j, words);
        lane::decode_tile_lane(plan, words, e.metadata.data(), tile, j, out.data());
      }
      if (size == plan.grid.tile()) {
        std::memcpy(payload.data() + lane::tile_offset(plan.grid, tile), words, plan.grid.tile_words() * 4);
      } else {
        pack_rest(plan.grid, words, size, payload.data() + lane::tile_offset(plan.grid, tile));
      }
    }
    CHECK(payload == e.payload);
    CHECK(out == decoded<float>(e));
  }
}

TEST_CASE("the number of threads changes neither bytes nor values") {
  const int levels = GENERATE(2, 3, 16, 256);
  const core::DType dtype = GENERATE(core::DType::Float32, core::DType::BFloat16, core::DType::Float64);
  constexpr std::size_t kCount = 400'009;
  const auto x = elements(dtype, kCount, 1);
  const int before = core::threads();
  std::vector<std::byte> first;
  for (const int threads : {1, 2, 3, 7}) {
    core::set_threads(threads);
    auto bytes = round_trip(x.data(), affine(kCount, levels, false, 256, dtype));
    const auto others = round_trip(x.data(), dithered(affine(kCount, levels, false, 256, dtype)));
    bytes.insert(bytes.end(), others.begin(), others.end());
    if (first.empty()) first = bytes;
    CHECK(bytes == first);
    CHECK(survey(x.data(), kCount, dtype).maximum == survey(x.data(), kCount, dtype).maximum);
  }
  core::set_threads(before);
}
