#pragma once

#include <type_traits>

#include "terse/quant/affine/affine_plan.hpp"

// Affine on one lane of one tile of a tensor: the work of a CUDA thread, and of the CPU for float64.

namespace terse::quant::lane {

/// The two types of two-byte elements.
struct Float16 {
  std::uint16_t bits;
};
struct BFloat16 {
  std::uint16_t bits;
};

/// The type that an element is computed in.
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

/// Where a tile's payload begins.
TERSE_LANE std::uint64_t tile_offset(const Grid& grid, std::uint64_t tile) { return tile * grid.tile_words() * 4; }

/// Elements of a tile; the last may have fewer than grid.tile().
TERSE_LANE std::uint32_t tile_size(const AffinePlan& plan, std::uint64_t tile) {
  const std::uint64_t left = plan.count - tile * plan.grid.tile();
  return left < plan.grid.tile() ? static_cast<std::uint32_t>(left) : plan.grid.tile();
}

/// Reads the scales of a tile's rows from the metadata, row by row.
class RowScales {
 public:
  TERSE_LANE RowScales(const AffinePlan& plan, const std::byte* metadata, std::uint64_t tile)
      : plan_(plan),
        metadata_(metadata),
        group_(tile * plan.grid.tile() / plan.group),
        rows_(static_cast<std::uint32_t>(plan.group / kLanes)),
        until_(rows_ - static_cast<std::uint32_t>((tile * plan.grid.tile() - group_ * plan.group) / kLanes)),
        end_((tile_size(plan, tile) + kLanes - 1) / kLanes) {}

  /// Whether row v has another scale than the row before; it is then written to `scale`. To be called for v = 0, 1, …;
  /// false for rows that the last tile lacks.
  TERSE_LANE bool next(std::uint32_t v, Scale& scale) {
    if (v == until_ && v < end_) {
      ++group_;
      until_ += rows_;
    } else if (v != 0) {
      return false;
    }
    scale = load_scale(plan_, metadata_, group_);
    return true;
  }

 private:
  const AffinePlan& plan_;
  const std::byte* metadata_;
  std::uint64_t group_;
  std::uint32_t rows_;   // of a group
  std::uint32_t until_;  // the row at which the next group begins
  std::uint32_t end_;    // rows of the tile
};

/// Writes the words of lane j of a tile. `x` is the whole tensor; its last element stands for those that the last tile
/// lacks.
template <class T>
TERSE_LANE void encode_tile_lane(const AffinePlan& plan, const T* x, const std::byte* metadata, std::uint64_t tile,
                                 std::uint32_t j, std::uint32_t* words) {
  using Real = RealOf<T>;
  RowScales scales(plan, metadata, tile);
  Real row_minimum{}, row_inverse{};
  const T* elements = x + tile * plan.grid.tile();
  const std::uint32_t last = tile_size(plan, tile) - 1;
  const auto element = [&](std::uint32_t v) {
    const std::uint32_t i = v * kLanes + j;
    return to_real(elements[i < last ? i : last]);
  };
  const auto scale_at = [&](std::uint32_t v, Real& minimum, Real& inverse) {
    if (Scale scale{}; scales.next(v, scale)) {
      row_minimum = static_cast<Real>(scale.minimum);
      row_inverse = inverse_step<Real>(scale);
    }
    minimum = row_minimum;
    inverse = row_inverse;
  };
  encode_lane<Real>(plan.grid, plan.stream, tile, j, element, scale_at, words);
}

/// Writes the elements of lane j of a tile to `out`, the whole tensor.
template <class T>
TERSE_LANE void decode_tile_lane(const AffinePlan& plan, const std::uint32_t* words, const std::byte* metadata,
                                 std::uint64_t tile, std::uint32_t j, T* out) {
  using Real = RealOf<T>;
  RowScales scales(plan, metadata, tile);
  Scale row_scale{};
  T* elements = out + tile * plan.grid.tile();
  const std::uint32_t size = tile_size(plan, tile);
  const auto put = [&](std::uint32_t v, Real value) {
    const std::uint32_t i = v * kLanes + j;
    if (i < size) from_real(value, elements[i]);
  };
  const Stream stream = plan.dithered ? load_stream(plan, metadata) : Stream{};
  const auto scale_at = [&](std::uint32_t v) {
    if (scales.next(v, row_scale)) row_scale = decoding_scale(row_scale, plan.dithered);
    return row_scale;
  };
  decode_lane<Real>(plan.grid, plan.dithered ? &stream : nullptr, tile, words, j, scale_at, put);
}

}  // namespace terse::quant::lane
