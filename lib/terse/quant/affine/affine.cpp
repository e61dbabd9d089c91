#include "terse/quant/affine/affine.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "terse/core/parallel.hpp"
#include "terse/quant/affine/affine_double.hpp"
#include "terse/quant/affine/affine_run.hpp"
#include "terse/quant/lanes/convert.hpp"

namespace terse::quant {

AffinePlan make_plan(const Layout& layout) {
  AffinePlan plan;
  plan.grid = grid_of(layout);
  plan.steps = static_cast<float>(layout.levels - 1);
  if (layout.centred) {
    plan.margin = (plan.steps - layout.steps) / (2 * layout.steps);
  } else if (layout.steps > 0) {
    plan.steps = layout.steps;
  }
  plan.count = layout.count;
  plan.group = layout.group;
  plan.span = std::lcm<std::size_t>(layout.group, plan.grid.tile());
  plan.tiles_per_group = plan.span == plan.group ? plan.group / plan.grid.tile() : 0;
  plan.wide = layout.wide_scales;
  plan.dithered = layout.dithered;
  return plan;
}

namespace {

void set_stream(AffinePlan& plan, const lane::Stream& stream) {
  plan.stream = stream;
  std::uint32_t k0 = stream.key[0], k1 = stream.key[1];
  for (auto& keys : plan.round_keys) {
    keys[0] = k0;
    keys[1] = k1;
    k0 += lane::kPhiloxWeyl0;
    k1 += lane::kPhiloxWeyl1;
  }
}

}  // namespace

AffinePlan make_plan(const Layout& layout, const core::RandomKey& key) {
  AffinePlan plan = make_plan(layout);
  const core::StreamWords words = core::stream_words(key);
  set_stream(plan, {{words.key[0], words.key[1]}, {words.upper[0], words.upper[1]}});
  return plan;
}

AffinePlan make_plan(const Layout& layout, const std::byte* metadata) {
  AffinePlan plan = make_plan(layout);
  if (plan.dithered) set_stream(plan, load_stream(plan, metadata));
  return plan;
}

namespace {

/// The multiple of the span that is closest below `wanted`, but at least one span.
std::size_t spans_near(const AffinePlan& plan, std::size_t wanted) {
  return plan.span * std::max<std::size_t>(1, wanted / plan.span);
}

constexpr std::size_t kGrain = 1 << 16;   // elements of a thread's piece of work
constexpr std::size_t kConverted = 4096;  // elements that are converted at a time: they stay in the first cache

bool encode_double(const AffinePlan& plan, const double* x, std::byte* payload, std::byte* metadata) {
  std::atomic<double> magnitude = 0;
  core::parallel_for(plan.count, spans_near(plan, kGrain), [&](std::size_t begin, std::size_t end) {
    double mine = 0;
    encode_affine_run(plan, x, begin, end - begin, metadata, payload, mine);
    raise(magnitude, std::isnan(mine) ? std::numeric_limits<double>::infinity() : mine);
  });
  return magnitude <= lane::kLargest && (magnitude >= lane::kSmallest || magnitude == 0);
}

bool encode_single(const AffinePlan& plan, const void* x, core::DType dtype, std::byte* payload, std::byte* metadata) {
  std::atomic<std::uint32_t> magnitude = 0;
  core::parallel_for(plan.count, spans_near(plan, kGrain), [&](std::size_t begin, std::size_t end) {
    ScaleBuffer buffer(plan);
    std::uint32_t mine = 0;
    if (dtype == core::DType::Float32) {
      encode_affine_run(plan, static_cast<const float*>(x) + begin, begin, end - begin, buffer.scales(), metadata,
                        payload, mine);
    } else {
      const std::size_t chunk = spans_near(plan, kConverted);
      std::vector<float> converted(std::min(chunk, end - begin));
      for (std::size_t i = begin; i < end; i += chunk) {
        const std::size_t size = std::min(chunk, end - i);
        to_float32(dtype, static_cast<const std::uint16_t*>(x) + i, size, converted.data());
        encode_affine_run(plan, converted.data(), i, size, buffer.scales(), metadata, payload, mine);
      }
    }
    raise(magnitude, mine);
  });
  return magnitude <= lane::bits_of(lane::kLargest) && (magnitude >= lane::bits_of(lane::kSmallest) || magnitude == 0);
}

}  // namespace

bool encode_affine(const void* x, const Layout& layout, const core::RandomKey& key, std::byte* payload,
                   std::byte* metadata) {
  const AffinePlan plan = make_plan(layout, key);
  if (plan.dithered) store_stream(plan, metadata);
  if (layout.dtype == core::DType::Float64) {
    return encode_double(plan, static_cast<const double*>(x), payload, metadata);
  }
  return encode_single(plan, x, layout.dtype, payload, metadata);
}

void decode_affine(const Layout& layout, const std::byte* payload, const std::byte* metadata, void* out) {
  const AffinePlan plan = make_plan(layout, metadata);
  core::parallel_for(plan.count, spans_near(plan, kGrain), [&](std::size_t begin, std::size_t end) {
    if (layout.dtype == core::DType::Float64) {
      decode_affine_run(plan, metadata, payload, begin, end - begin, static_cast<double*>(out));
      return;
    }
    ScaleBuffer buffer(plan);
    if (layout.dtype == core::DType::Float32) {
      decode_affine_run(plan, metadata, payload, begin, end - begin, buffer.scales(), static_cast<float*>(out) + begin);
      return;
    }
    const std::size_t chunk = spans_near(plan, kConverted);
    std::vector<float> values(std::min(chunk, end - begin));
    for (std::size_t i = begin; i < end; i += chunk) {
      const std::size_t size = std::min(chunk, end - i);
      decode_affine_run(plan, metadata, payload, i, size, buffer.scales(), values.data());
      from_float32(layout.dtype, values.data(), size, static_cast<std::uint16_t*>(out) + i);
    }
  });
}

}  // namespace terse::quant
