#include <algorithm>

#include "terse/quant/affine/affine_plan.hpp"
#include "terse/quant/lanes/rest.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "terse/quant/affine/affine_encode_simd.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
// After foreach_target.h: one version per target.
#include "terse/quant/affine/affine-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace terse::quant::HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR

void GroupRange(const float* x, std::size_t count, float& low, float& high, std::uint32_t* magnitudes) {
  low = high = x[0];
  for (std::size_t i = 0; i < count; ++i) {
    low = x[i] < low ? x[i] : low;
    high = x[i] > high ? x[i] : high;
    magnitudes[0] = std::max(magnitudes[0], lane::bits_of(x[i]) & 0x7FFFFFFF);
  }
}

void EncodeTile(const AffinePlan& plan, std::uint64_t tile, const float* x, const RowScales& scales,
                std::uint32_t* words) {
  const auto scale_at = [&](std::uint32_t v, float& minimum, float& inverse) {
    minimum = scales.minimum[v * scales.stride];
    inverse = scales.factor[v * scales.stride];
  };
  for (std::uint32_t j = 0; j < kLanes; ++j) {
    const auto element = [&](std::uint32_t v) { return x[v * kLanes + j]; };
    lane::encode_lane<float>(plan.grid, plan.stream, tile, j, element, scale_at, words);
  }
}

#else

HWY_INLINE void GroupRange(const float* HWY_RESTRICT x, std::size_t count, float& low, float& high,
                           std::uint32_t* HWY_RESTRICT magnitudes) {
  const std::size_t n = hn::Lanes(kF);
  const auto all_but_sign = hn::Set(kI, 0x7FFFFFFF);
  VF lows = hn::Set(kF, x[0]);
  VF highs = lows;
  auto largest = hn::BitCast(kI, hn::Load(kU, magnitudes));  // signed, because more targets compare that; the sign is 0
  std::size_t i = 0;
  for (; i + n <= count; i += n) {
    const VF v = hn::LoadU(kF, x + i);
    lows = hn::Min(lows, v);
    highs = hn::Max(highs, v);
    largest = hn::Max(largest, hn::And(hn::BitCast(kI, v), all_but_sign));
  }
  hn::Store(hn::BitCast(kU, largest), kU, magnitudes);
  low = hn::GetLane(hn::MinOfLanes(kF, lows));
  high = hn::GetLane(hn::MaxOfLanes(kF, highs));
  for (; i < count; ++i) {
    low = std::min(low, x[i]);
    high = std::max(high, x[i]);
    magnitudes[0] = std::max(magnitudes[0], lane::bits_of(x[i]) & 0x7FFFFFFF);
  }
}

/// lane::code_of on a vector, not yet shifted down by kFractionBits. kHigh: which half of the random word.
template <bool kHigh>
HWY_INLINE VU RaisedCode(VF x, VF minimum, VF inverse, VF top, VU random) {
  const VF place = hn::Min(hn::Max(hn::Mul(hn::Sub(x, minimum), inverse), hn::Zero(kF)), top);
  const VU fixed = hn::BitCast(kU, hn::Add(place, hn::Set(kF, 0x1p23f)));
  return hn::And(hn::Add(fixed, OffsetOf<kHigh>(random)), hn::Set(kU, 0xFFu << lane::kFractionBits));
}

/// Words of one set of lanes of a tile: `x` and `random` point to those lanes' place in row 0.
template <class Scales>
struct EncodeRows {
  const float* HWY_RESTRICT x = nullptr;
  const std::uint32_t* HWY_RESTRICT random = nullptr;
  const Scales& scales;
  VF top;

  template <bool kHigh>
  HWY_INLINE VU Raised(std::size_t v) const {
    return RaisedCode<kHigh>(hn::LoadU(kF, x + v * kLanes), scales.Minimum(v), scales.Factor(v), top,
                             hn::Load(kU, random + v / 2 * kLanes));
  }

  /// The word of rows v … whose codes are fields of kBits, from digit kK on.
  template <int kBits, int kK = 0>
  HWY_INLINE VU Word(std::size_t v) const {
    constexpr int kShift = kBits * kK - lane::kFractionBits;
    const VU pair = hn::Or(ShiftBy<kShift>(Raised<false>(v + kK)), ShiftBy<kShift + kBits>(Raised<true>(v + kK + 1)));
    if constexpr ((kK + 2) * kBits < 32) {
      return hn::Or(pair, Word<kBits, kK + 2>(v));
    } else {
      return pair;
    }
  }

  /// The word of rows [v, end) as a number of a radix.
  HWY_INLINE VU RadixWord(std::size_t v, std::size_t end, std::uint32_t radix) const {
    VU word = hn::Zero(kU);
    for (std::uint32_t power = 1; v < end; ++v, power *= radix) {
      const VU raised = v % 2 != 0 ? Raised<true>(v) : Raised<false>(v);
      word = hn::Add(word, hn::Mul(hn::ShiftRight<lane::kFractionBits>(raised), hn::Set(kU, power)));
    }
    return word;
  }
};

template <class Scales>
void EncodeTileWith(const AffinePlan& plan, std::uint64_t tile, const float* HWY_RESTRICT x, const Scales& scales,
                    std::uint32_t* HWY_RESTRICT words) {
  HWY_ALIGN std::uint32_t random[4 * 4 * kLanes];
  const Grid& grid = plan.grid;
  for (std::uint32_t set = 0; set < grid.sets; ++set) {
    PhiloxSet(plan, (tile * grid.sets + set) * kLanes, random + set * 4 * kLanes);
  }
  const VF top = hn::Set(kF, static_cast<float>((grid.levels - 1) << lane::kFractionBits));
  for (std::size_t lane = 0; lane < kLanes; lane += hn::Lanes(kF)) {
    const EncodeRows<Scales> rows{x + lane, random + lane, scales, top};
    std::uint32_t* to = words + lane;
    switch (grid.radix) {
      case 2:
        hn::Store(rows.template Word<1>(0), kU, to);
        break;
      case 4:
        hn::Store(rows.template Word<2>(0), kU, to);
        break;
      case 16:
        hn::Store(rows.template Word<4>(0), kU, to);
        break;
      case 256:
        hn::Store(rows.template Word<8>(0), kU, to);
        hn::Store(rows.template Word<8>(4), kU, to + kLanes);
        break;
      default:
        for (std::size_t v = 0; v < grid.vectors(); v += grid.per_word, to += kLanes) {
          hn::Store(rows.RadixWord(v, v + grid.per_word, grid.radix), kU, to);
        }
    }
  }
}

void EncodeTile(const AffinePlan& plan, std::uint64_t tile, const float* x, const RowScales& scales,
                std::uint32_t* words) {
  if (scales.stride == 0) return EncodeTileWith(plan, tile, x, SameScale(scales), words);
  EncodeTileWith(plan, tile, x, RowsOwnScale(scales), words);
}

#endif  // HWY_TARGET == HWY_SCALAR

void EncodeRun(const AffinePlan& plan, const float* x, std::uint64_t first, std::size_t count, SpanScales scales,
               std::byte* metadata, std::byte* payload, std::uint32_t& magnitude) {
  const std::size_t tile = plan.grid.tile(), tile_bytes = plan.grid.tile_words() * 4;
  HWY_ALIGN std::uint32_t words[2 * kLanes];
  HWY_ALIGN std::uint32_t magnitudes[kLanes] = {};
  std::uint64_t group = first / plan.group, index = first / tile;
  for (std::size_t span = 0; span < count; span += plan.span) {
    const std::size_t size = std::min(plan.span, count - span);
    std::size_t groups = 0;
    for (std::size_t begin = 0; begin < size; begin += plan.group, ++groups, ++group) {
      float low, high;
      GroupRange(x + span + begin, std::min(plan.group, size - begin), low, high, magnitudes);
      const lane::Scale scale = lane::make_scale(low, high, plan.steps, plan.margin, plan.wide);
      store_scale(plan, metadata, group, scale);
      scales.minimum[groups] = scale.minimum;
      scales.factor[groups] = lane::inverse_step<float>(scale);
    }
    TileScales tiles(plan, scales, groups);
    std::size_t begin = 0;
    for (; begin + tile <= size; begin += tile, ++index) {
      EncodeTile(plan, index, x + span + begin, tiles.Next(), words);
      CopyWords(plan.grid, words, payload + index * tile_bytes);
    }
    if (begin < size) {
      float padded[32 * kLanes];
      std::fill(std::copy(x + span + begin, x + span + size, padded), padded + tile, x[span + size - 1]);
      EncodeTile(plan, index, padded, tiles.Next(), words);
      pack_rest(plan.grid, words, size - begin, payload + index * tile_bytes);
    }
  }
  for (const std::uint32_t bits : magnitudes) magnitude = std::max(magnitude, bits);
}

}  // namespace terse::quant::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace terse::quant {

HWY_EXPORT(EncodeRun);

void encode_affine_run(const AffinePlan& plan, const float* x, std::uint64_t first, std::size_t count,
                       SpanScales scales, std::byte* metadata, std::byte* payload, std::uint32_t& magnitude) {
  HWY_DYNAMIC_DISPATCH(EncodeRun)(plan, x, first, count, scales, metadata, payload, magnitude);
}

}  // namespace terse::quant
#endif  // HWY_ONCE
