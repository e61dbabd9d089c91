#include <algorithm>

#include "terse/quant/affine/affine_plan.hpp"
#include "terse/quant/lanes/rest.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "terse/quant/affine/affine_decode_simd.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
// After foreach_target.h: one version per target.
#include "terse/quant/affine/affine-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace terse::quant::HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR

void DecodeTile(const AffinePlan& plan, std::uint64_t tile, const std::uint32_t* words, const RowScales& scales,
                float* out) {
  const auto scale_at = [&](std::uint32_t v) {
    return lane::Scale{scales.minimum[v * scales.stride], scales.factor[v * scales.stride]};
  };
  for (std::uint32_t j = 0; j < kLanes; ++j) {
    const auto put = [&](std::uint32_t v, float value) { out[v * kLanes + j] = value; };
    lane::decode_lane<float>(plan.grid, plan.dithered ? &plan.stream : nullptr, tile, words, j, scale_at, put);
  }
}

#else

/// Rows of one set of lanes of a tile: `random` and `out` point to those lanes' place in row 0.
template <class Scales, bool kDithered, bool kClamped>
struct DecodeRows {
  const Scales& scales;
  const std::uint32_t* HWY_RESTRICT random = nullptr;
  float* HWY_RESTRICT out = nullptr;
  VU last;  // the largest code; kClamped: fields can hold larger ones

  /// lane::value_of or lane::dithered_value_of on a vector. kHigh: whether v is odd.
  template <bool kHigh>
  HWY_INLINE VF ValueOf(VU code, std::size_t v) const {
    if constexpr (kDithered) {
      const VU offset = OffsetOf<kHigh>(hn::Load(kU, random + v / 2 * kLanes));
      const VU fixed = hn::Sub(hn::ShiftLeft<lane::kFractionBits>(code), offset);
      return hn::Add(hn::ConvertTo(kF, hn::BitCast(kI, fixed)), hn::Set(kF, lane::kMeanRemainder));
    }
    return hn::ConvertTo(kF, hn::BitCast(kI, code));
  }

  template <bool kHigh>
  HWY_INLINE void Put(VU code, std::size_t v) const {
    const VF place = ValueOf<kHigh>(code, v);
    hn::StoreU(hn::Add(hn::Mul(place, scales.Factor(v)), scales.Minimum(v)), kF, out + v * kLanes);
  }

  HWY_INLINE void Put(VU code, std::size_t v) const {
    if (v % 2 != 0) return Put<true>(code, v);
    Put<false>(code, v);
  }

  /// Rows v … from a word whose codes are fields of kBits, from digit kK on.
  template <int kBits, int kK = 0>
  HWY_INLINE void Word(VU word, std::size_t v) const {
    // A word of such codes begins at an even row.
    const VU field = hn::And(ShiftBy<-kK * kBits>(word), hn::Set(kU, (1u << kBits) - 1));
    Put<kK % 2 != 0>(kClamped ? hn::Min(field, last) : field, v + kK);
    if constexpr ((kK + 1) * kBits < 32) Word<kBits, kK + 1>(word, v);
  }

  /// Rows v … from a number whose radix is the number of levels.
  HWY_INLINE void RadixWord(const AffinePlan& plan, VU word, std::size_t v) const {
    const VU magic = hn::BitCast(kU, hn::Set(kW, std::uint64_t{plan.grid.magic}));
    const VU levels = hn::Set(kU, plan.grid.levels);
    for (const std::size_t last = v + plan.grid.per_word - 1; v < last; ++v) {
      const VW odd = hn::MulEven(hn::BitCast(kU, hn::ShiftRight<32>(hn::BitCast(kW, word))), magic);
      const VW even = hn::ShiftRight<32>(hn::MulEven(word, magic));
      const VU high = hn::OddEven(hn::BitCast(kU, odd), hn::BitCast(kU, even));
      const VU rest = hn::ShiftRightSame(hn::Add(high, hn::ShiftRight<1>(hn::Sub(word, high))), plan.grid.magic_shift);
      Put(hn::Sub(word, hn::Mul(rest, levels)), v);
      word = rest;
    }
    Put(hn::Min(word, last), v);
  }
};

template <bool kDithered, bool kClamped, class Scales>
void DecodeTileWith(const AffinePlan& plan, std::uint64_t tile, const std::uint32_t* HWY_RESTRICT words,
                    const Scales& scales, float* HWY_RESTRICT out) {
  HWY_ALIGN std::uint32_t random[kDithered ? 4 * 4 * kLanes : kLanes];
  for (std::uint32_t set = 0; kDithered && set < plan.grid.sets; ++set) {
    PhiloxSet(plan, (tile * plan.grid.sets + set) * kLanes, random + set * 4 * kLanes);
  }
  for (std::size_t lane = 0; lane < kLanes; lane += hn::Lanes(kF)) {
    const DecodeRows<Scales, kDithered, kClamped> rows{scales, random + lane, out + lane,
                                                       hn::Set(kU, plan.grid.levels - 1)};
    for (std::uint32_t w = 0; w < plan.grid.words; ++w) {
      const VU word = hn::Load(kU, words + w * kLanes + lane);
      const std::size_t v = w * plan.grid.per_word;
      switch (plan.grid.radix) {
        case 2:
          rows.template Word<1>(word, v);
          break;
        case 4:
          rows.template Word<2>(word, v);
          break;
        case 16:
          rows.template Word<4>(word, v);
          break;
        case 256:
          rows.template Word<8>(word, v);
          break;
        default:
          rows.RadixWord(plan, word, v);
      }
    }
  }
}

template <bool kDithered, bool kClamped>
void DecodeTileAs(const AffinePlan& plan, std::uint64_t tile, const std::uint32_t* words, const RowScales& scales,
                  float* out) {
  if (scales.stride == 0) return DecodeTileWith<kDithered, kClamped>(plan, tile, words, SameScale(scales), out);
  DecodeTileWith<kDithered, kClamped>(plan, tile, words, RowsOwnScale(scales), out);
}

void DecodeTile(const AffinePlan& plan, std::uint64_t tile, const std::uint32_t* words, const RowScales& scales,
                float* out) {
  const bool clamped = plan.grid.radix != plan.grid.levels;
  if (plan.dithered && clamped) return DecodeTileAs<true, true>(plan, tile, words, scales, out);
  if (plan.dithered) return DecodeTileAs<true, false>(plan, tile, words, scales, out);
  if (clamped) return DecodeTileAs<false, true>(plan, tile, words, scales, out);
  DecodeTileAs<false, false>(plan, tile, words, scales, out);
}

#endif  // HWY_TARGET == HWY_SCALAR

void DecodeRun(const AffinePlan& plan, const std::byte* metadata, const std::byte* payload, std::uint64_t first,
               std::size_t count, SpanScales scales, float* out) {
  const std::size_t tile = plan.grid.tile(), tile_bytes = plan.grid.tile_words() * 4;
  HWY_ALIGN std::uint32_t words[2 * kLanes];
  std::uint64_t group = first / plan.group, index = first / tile;
  for (std::size_t span = 0; span < count; span += plan.span) {
    const std::size_t size = std::min(plan.span, count - span);
    std::size_t groups = 0;
    for (std::size_t begin = 0; begin < size; begin += plan.group, ++groups, ++group) {
      const lane::Scale scale = lane::decoding_scale(load_scale(plan, metadata, group), plan.dithered);
      scales.minimum[groups] = scale.minimum;
      scales.factor[groups] = scale.step;
    }
    TileScales tiles(plan, scales, groups);
    std::size_t begin = 0;
    for (; begin + tile <= size; begin += tile, ++index) {
      CopyWords(plan.grid, payload + index * tile_bytes, words);
      DecodeTile(plan, index, words, tiles.Next(), out + span + begin);
    }
    if (begin < size) {
      float padded[32 * kLanes];
      unpack_rest(plan.grid, payload + index * tile_bytes, size - begin, words);
      DecodeTile(plan, index, words, tiles.Next(), padded);
      std::copy(padded, padded + (size - begin), out + span + begin);
    }
  }
}

}  // namespace terse::quant::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace terse::quant {

HWY_EXPORT(DecodeRun);

void decode_affine_run(const AffinePlan& plan, const std::byte* metadata, const std::byte* payload, std::uint64_t first,
                       std::size_t count, SpanScales scales, float* out) {
  HWY_DYNAMIC_DISPATCH(DecodeRun)(plan, metadata, payload, first, count, scales, out);
}

}  // namespace terse::quant
#endif  // HWY_ONCE
