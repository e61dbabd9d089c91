#include "terse/quant/affine/affine_double.hpp"

#include <algorithm>
#include <cmath>

#include "terse/quant/affine/affine_lane.hpp"
#include "terse/quant/lanes/rest.hpp"

namespace terse::quant {

void encode_affine_run(const AffinePlan& plan, const double* x, std::uint64_t first, std::size_t count,
                       std::byte* metadata, std::byte* payload, double& magnitude) {
  for (std::size_t begin = first; begin < first + count; begin += plan.group) {
    const double* group = x + begin;
    const std::size_t size = std::min(plan.group, first + count - begin);
    for (std::size_t i = 0; i < size; ++i) {
      if (!(std::fabs(group[i]) <= magnitude)) magnitude = std::fabs(group[i]);
      if (std::isnan(magnitude)) return;  // nothing here can be stored
    }
    const auto [low, high] = std::minmax_element(group, group + size);
    store_scale(plan, metadata, begin / plan.group, lane::make_scale(*low, *high, plan.steps, plan.margin, plan.wide));
  }
  std::uint32_t words[2 * kLanes] = {};
  for (std::uint64_t tile = first / plan.grid.tile(); tile * plan.grid.tile() < first + count; ++tile) {
    for (std::uint32_t j = 0; j < kLanes; ++j) lane::encode_tile_lane(plan, x, metadata, tile, j, words);
    const std::uint64_t size = lane::tile_size(plan, tile);
    std::byte* to = payload + lane::tile_offset(plan.grid, tile);
    if (size < plan.grid.tile()) {
      pack_rest(plan.grid, words, size, to);
    } else {
      std::memcpy(to, words, plan.grid.tile_words() * 4);
    }
  }
}

void decode_affine_run(const AffinePlan& plan, const std::byte* metadata, const std::byte* payload, std::uint64_t first,
                       std::size_t count, double* out) {
  std::uint32_t words[2 * kLanes] = {};
  for (std::uint64_t tile = first / plan.grid.tile(); tile * plan.grid.tile() < first + count; ++tile) {
    const std::uint64_t size = lane::tile_size(plan, tile);
    const std::byte* from = payload + lane::tile_offset(plan.grid, tile);
    if (size < plan.grid.tile()) {
      unpack_rest(plan.grid, from, size, words);
    } else {
      std::memcpy(words, from, plan.grid.tile_words() * 4);
    }
    for (std::uint32_t j = 0; j < kLanes; ++j) lane::decode_tile_lane(plan, words, metadata, tile, j, out);
  }
}

}  // namespace terse::quant
