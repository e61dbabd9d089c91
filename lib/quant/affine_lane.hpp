#pragma once

#include <type_traits>

#include "terse/quant/affine_plan.hpp"

// Affine on one lane of one tile of a whole tensor: what a CUDA thread does, and the CPU for float64.

namespace terse::quant::lane {

/// Elements of two bytes, told apart.
struct Float16 {
  std::uint16_t bits;
};
struct BFloat16 {
  std::uint16_t bits;
};

/// The type in which an element is worked on.
template <class T>
using RealOf = std::conditional_t<std::is_same_v<T, double>, double, float>;

TERSE_LANE float to_real(float x) { return x; }
TERSE_LANE double to_real(double x) { return x; }
TERSE_LANE float to_real(Float16 x) { return from_float16(x.bits); }
TERSE_LANE float to_real(BFloat16 x) { return from_bfloat16(x.bits); }

TERSE_LANE void from_real(float x, float& out) { out = x; }
TERSE_LANE void from_real(double x, double& out) { out = x; }
TERSE_LANE void from_real(float x, Float16& out) { out.bits = to_float16(x); }
TERSE_LANE void from_real(float x, BFloat16& out) { out.bits = to_bfloat16(x); }

/// Scales of the rows of a tile, read from the metadata.
class TileScale {
 public:
  TERSE_LANE TileScale(const AffinePlan& plan, const std::byte* metadata, std::uint64_t tile)
      : plan_(plan), metadata_(metadata), begin_(tile * plan.grid.tile()), last_(plan.groups() - 1) {
    if (plan.tiles_per_group != 0) one_ = load_scale(plan, metadata, tile / plan.tiles_per_group);
  }

  TERSE_LANE Scale operator()(std::uint32_t v) const {
    if (plan_.tiles_per_group != 0) return one_;
    const std::uint64_t group = (begin_ + v * kLanes) / plan_.group;
    return load_scale(plan_, metadata_, group < last_ ? group : last_);
  }

 private:
  const AffinePlan& plan_;
  const std::byte* metadata_;
  std::uint64_t begin_, last_;
  Scale one_{};
};

/// Words of lane j of a tile of x, the whole tensor; what a last tile lacks is filled with the last element.
template <class T>
TERSE_LANE void encode_tile_lane(const AffinePlan& plan, const T* x, const std::byte* metadata,
                                 std::uint64_t tile, std::uint32_t j, std::uint32_t* words) {
  using Real = RealOf<T>;
  const TileScale scales(plan, metadata, tile);
  const std::uint64_t begin = tile * plan.grid.tile(), last = plan.count - 1;
  const auto element = [&](std::uint32_t v) {
    const std::uint64_t i = begin + v * kLanes + j;
    return to_real(x[i < last ? i : last]);
  };
  const auto scale_at = [&](std::uint32_t v, Real& minimum, Real& inverse) {
    const Scale scale = scales(v);
    minimum = static_cast<Real>(scale.minimum);
    inverse = inverse_step<Real>(scale);
  };
  encode_lane<Real>(plan.grid, plan.stream, tile, j, element, scale_at, words);
}

/// Elements of lane j of a tile into out, the whole tensor.
template <class T>
TERSE_LANE void decode_tile_lane(const AffinePlan& plan, const std::uint32_t* words,
                                 const std::byte* metadata, std::uint64_t tile, std::uint32_t j, T* out) {
  using Real = RealOf<T>;
  const TileScale scales(plan, metadata, tile);
  const std::uint64_t begin = tile * plan.grid.tile();
  const auto put = [&](std::uint32_t v, Real value) {
    const std::uint64_t i = begin + v * kLanes + j;
    if (i < plan.count) from_real(value, out[i]);
  };
  const Stream stream = plan.dithered ? load_stream(plan, metadata) : Stream{};
  const auto scale_at = [&](std::uint32_t v) { return decoding_scale(scales(v), plan.dithered); };
  decode_lane<Real>(plan.grid, plan.dithered ? &stream : nullptr, tile, words, j, scale_at, put);
}

/// Where a tile's payload begins.
TERSE_LANE std::uint64_t tile_offset(const Grid& grid, std::uint64_t tile) {
  return tile * grid.tile_words() * 4;
}

/// Elements of a tile: fewer than grid.tile() in the last.
TERSE_LANE std::uint64_t tile_size(const AffinePlan& plan, std::uint64_t tile) {
  const std::uint64_t left = plan.count - tile * plan.grid.tile();
  return left < plan.grid.tile() ? left : plan.grid.tile();
}

}  // namespace terse::quant::lane
