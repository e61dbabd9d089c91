#include <algorithm>
#include <cmath>

#include "terse/quant/affine_plan.hpp"

namespace terse::quant {

namespace {

/// Scale of row v of the tile that begins at element `begin` of the tensor.
lane::Scale scale_of_row(const AffinePlan& plan, const std::byte* metadata, std::uint64_t begin,
                         std::uint32_t v) {
  return load_scale(plan, metadata, std::min((begin + v * kLanes) / plan.group, plan.groups() - 1));
}

}  // namespace

void encode_affine_run(const AffinePlan& plan, const double* x, std::uint64_t first, std::size_t count,
                       std::byte* metadata, std::byte* payload, double& magnitude) {
  for (std::size_t begin = 0; begin < count; begin += plan.group) {
    const double* group = x + begin;
    const std::size_t size = std::min(plan.group, count - begin);
    const auto [low, high] = std::minmax_element(group, group + size);
    for (std::size_t i = 0; i < size; ++i) {
      if (!(std::fabs(group[i]) <= magnitude)) magnitude = std::fabs(group[i]);
      if (std::isnan(magnitude)) return;  // nothing here can be stored
    }
    store_scale(plan, metadata, (first + begin) / plan.group,
                lane::make_scale(*low, *high, plan.grid.levels, plan.wide));
  }
  const std::size_t tile = plan.grid.tile(), tile_bytes = plan.grid.tile_words() * 4;
  std::uint32_t words[2 * kLanes];
  for (std::size_t begin = 0; begin < count; begin += tile) {
    const std::size_t size = std::min(tile, count - begin);
    const std::uint64_t index = (first + begin) / tile;
    const auto scale_at = [&](std::uint32_t v, double& minimum, double& inverse) {
      const lane::Scale scale = scale_of_row(plan, metadata, first + begin, v);
      minimum = static_cast<double>(scale.minimum);
      inverse = lane::inverse_step<double>(scale);
    };
    double padded[32 * kLanes];
    if (size < tile) std::fill(std::copy_n(x + begin, size, padded), padded + tile, x[begin + size - 1]);
    for (std::uint32_t j = 0; j < kLanes; ++j) {
      lane::encode_lane(plan.grid, plan.stream, index, j, size < tile ? padded : x + begin, scale_at, words);
    }
    if (size < tile) {
      pack_rest(plan.grid, words, size, payload + index * tile_bytes);
    } else {
      std::memcpy(payload + index * tile_bytes, words, tile_bytes);
    }
  }
}

void decode_affine_run(const AffinePlan& plan, const std::byte* metadata, const std::byte* payload,
                       std::uint64_t first, std::size_t count, double* out) {
  const std::size_t tile = plan.grid.tile(), tile_bytes = plan.grid.tile_words() * 4;
  std::uint32_t words[2 * kLanes];
  double padded[32 * kLanes];
  for (std::size_t begin = 0; begin < count; begin += tile) {
    const std::size_t size = std::min(tile, count - begin);
    const std::byte* from = payload + (first + begin) / tile * tile_bytes;
    if (size < tile) {
      unpack_rest(plan.grid, from, size, words);
    } else {
      std::memcpy(words, from, tile_bytes);
    }
    const auto scale_at = [&](std::uint32_t v) { return scale_of_row(plan, metadata, first + begin, v); };
    double* to = size < tile ? padded : out + begin;
    for (std::uint32_t j = 0; j < kLanes; ++j) lane::decode_lane(plan.grid, words, j, scale_at, to);
    if (size < tile) std::copy_n(padded, size, out + begin);
  }
}

}  // namespace terse::quant
