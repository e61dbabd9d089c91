#include "terse/quant/affine_plan.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "terse/quant/affine_simd.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace terse::quant {
namespace HWY_NAMESPACE {

/// Scales of the rows of one tile: row v uses minimum[v * stride] and factor[v * stride].
struct RowScales {
  const float* minimum;
  const float* factor;
  std::size_t stride;
};

#if HWY_TARGET == HWY_SCALAR

void GroupRange(const float* x, std::size_t count, float& low, float& high, std::uint32_t& magnitude) {
  low = high = x[0];
  for (std::size_t i = 0; i < count; ++i) {
    low = x[i] < low ? x[i] : low;
    high = x[i] > high ? x[i] : high;
    magnitude = std::max(magnitude, lane::bits_of(x[i]) & 0x7FFFFFFF);
  }
}

void EncodeTile(const AffinePlan& plan, std::uint64_t tile, const float* x, const RowScales& scales,
                std::uint32_t* words) {
  const auto scale_at = [&](std::uint32_t v, float& minimum, float& inverse) {
    minimum = scales.minimum[v * scales.stride];
    inverse = scales.factor[v * scales.stride];
  };
  for (std::uint32_t j = 0; j < kLanes; ++j)
    lane::encode_lane(plan.grid, plan.stream, tile, j, x, scale_at, words);
}

void DecodeTile(const AffinePlan& plan, const std::uint32_t* words, const RowScales& scales, float* out) {
  const auto scale_at = [&](std::uint32_t v) {
    return lane::Scale{scales.minimum[v * scales.stride], scales.factor[v * scales.stride]};
  };
  for (std::uint32_t j = 0; j < kLanes; ++j) lane::decode_lane(plan.grid, words, j, scale_at, out);
}

#else

namespace hn = hwy::HWY_NAMESPACE;
using DF = hn::CappedTag<float, kLanes>;
using DU = hn::RebindToUnsigned<DF>;
using DI = hn::RebindToSigned<DF>;
using DW = hn::RepartitionToWide<DU>;
using VF = hn::Vec<DF>;
using VU = hn::Vec<DU>;
using VW = hn::Vec<DW>;
constexpr DF kF;
constexpr DU kU;
constexpr DI kI;
constexpr DW kW;

void GroupRange(const float* HWY_RESTRICT x, std::size_t count, float& low, float& high,
                std::uint32_t& magnitude) {
  const std::size_t n = hn::Lanes(kF);
  const auto all_but_sign = hn::Set(kI, 0x7FFFFFFF);
  auto lows = hn::Set(kF, x[0]);
  auto highs = lows;
  auto magnitudes = hn::Zero(kI);
  std::size_t i = 0;
  for (; i + n <= count; i += n) {
    const auto v = hn::LoadU(kF, x + i);
    lows = hn::Min(lows, v);
    highs = hn::Max(highs, v);
    magnitudes = hn::Max(magnitudes, hn::And(hn::BitCast(kI, v), all_but_sign));
  }
  low = hn::GetLane(hn::MinOfLanes(kF, lows));
  high = hn::GetLane(hn::MaxOfLanes(kF, highs));
  magnitude = std::max(magnitude, static_cast<std::uint32_t>(hn::GetLane(hn::MaxOfLanes(kI, magnitudes))));
  for (; i < count; ++i) {
    low = std::min(low, x[i]);
    high = std::max(high, x[i]);
    magnitude = std::max(magnitude, lane::bits_of(x[i]) & 0x7FFFFFFF);
  }
}

/// One Philox round on counters that each occupy the low half of a 64-bit lane; the high halves are noise.
HWY_INLINE void PhiloxRound(VW& c0, VW& c1, VW& c2, VW& c3, VU m0, VU m1, VW k0, VW k1) {
  const VW p0 = hn::MulEven(hn::BitCast(kU, c0), m0);
  const VW p1 = hn::MulEven(hn::BitCast(kU, c2), m1);
  c0 = hn::Xor(hn::Xor(hn::ShiftRight<32>(p1), c1), k0);
  c2 = hn::Xor(hn::Xor(hn::ShiftRight<32>(p0), c3), k1);
  c1 = p1;
  c3 = p0;
}

/// Philox blocks of counters base + lane, one a 32-bit lane, into out[word][lane]. base is a multiple of
/// kLanes. Even lanes run beside odd lanes, since a 32-bit product takes the room of two lanes.
HWY_NOINLINE void PhiloxSet(const AffinePlan& plan, std::uint64_t base, std::uint32_t* HWY_RESTRICT out) {
  const VU m0 = hn::BitCast(kU, hn::Set(kW, std::uint64_t{lane::kPhiloxMultiplier0}));
  const VU m1 = hn::BitCast(kU, hn::Set(kW, std::uint64_t{lane::kPhiloxMultiplier1}));
  const VW twice = hn::Add(hn::Iota(kW, 0), hn::Iota(kW, 0));
  for (std::size_t lane = 0; lane < kLanes; lane += hn::Lanes(kU)) {
    VW a0 = hn::Add(hn::Set(kW, static_cast<std::uint32_t>(base) + lane), twice);
    VW b0 = hn::Add(a0, hn::Set(kW, std::uint64_t{1}));
    VW a1 = hn::Set(kW, base >> 32), a2 = hn::Set(kW, std::uint64_t{plan.stream.upper[0]}),
       a3 = hn::Set(kW, std::uint64_t{plan.stream.upper[1]});
    VW b1 = a1, b2 = a2, b3 = a3;
    for (int round = 0; round < lane::kPhiloxRounds; ++round) {
      const VW k0 = hn::Set(kW, plan.round_keys[round][0]);
      const VW k1 = hn::Set(kW, plan.round_keys[round][1]);
      PhiloxRound(a0, a1, a2, a3, m0, m1, k0, k1);
      PhiloxRound(b0, b1, b2, b3, m0, m1, k0, k1);
    }
    const auto join = [](VW even, VW odd) HWY_ATTR {
      return hn::OddEven(hn::BitCast(kU, hn::ShiftLeft<32>(odd)), hn::BitCast(kU, even));
    };
    hn::Store(join(a0, b0), kU, out + lane);
    hn::Store(join(a1, b1), kU, out + lane + kLanes);
    hn::Store(join(a2, b2), kU, out + lane + kLanes * 2);
    hn::Store(join(a3, b3), kU, out + lane + kLanes * 3);
  }
}

/// lane::code_of on a vector, still at its place kFractionBits up. kHigh: which half of the random word.
template <bool kHigh>
HWY_INLINE VU RaisedCode(VF x, VF minimum, VF inverse, VF top, VU random) {
  const VF place = hn::Min(hn::Max(hn::Mul(hn::Sub(x, minimum), inverse), hn::Zero(kF)), top);
  const VU fixed = hn::BitCast(kU, hn::Add(place, hn::Set(kF, 0x1p23f)));
  const VU offset = kHigh ? hn::ShiftRight<32 - lane::kFractionBits>(random)
                          : hn::And(random, hn::Set(kU, (1u << lane::kFractionBits) - 1));
  return hn::And(hn::Add(fixed, offset), hn::Set(kU, 0xFFu << lane::kFractionBits));
}

template <int kShift>
HWY_INLINE VU ShiftBy(VU v) {
  if constexpr (kShift < 0) return hn::ShiftRight<-kShift>(v);
  if constexpr (kShift > 0) return hn::ShiftLeft<kShift>(v);
  return v;
}

struct EncodeRows {
  const float* HWY_RESTRICT x;
  const RowScales& scales;
  const std::uint32_t* HWY_RESTRICT random;
  VF top;

  template <bool kHigh>
  HWY_INLINE VU Raised(std::size_t v, std::size_t lane) const {
    return RaisedCode<kHigh>(
        hn::LoadU(kF, x + v * kLanes + lane), hn::Set(kF, scales.minimum[v * scales.stride]),
        hn::Set(kF, scales.factor[v * scales.stride]), top, hn::Load(kU, random + v / 2 * kLanes + lane));
  }

  /// Rows v and v + 1 of a word whose codes are fields of kBits; kK: v's digit.
  template <int kBits, int kK>
  HWY_INLINE VU Pair(std::size_t v, std::size_t lane) const {
    constexpr int kShift = kBits * kK - lane::kFractionBits;
    return hn::Or(ShiftBy<kShift>(Raised<false>(v, lane)),
                  ShiftBy<kShift + kBits>(Raised<true>(v + 1, lane)));
  }

  template <int kBits, int kK = 0>
  HWY_INLINE VU Word(std::size_t v, std::size_t lane) const {
    if constexpr ((kK + 2) * kBits >= 32) {
      return Pair<kBits, kK>(v, lane);
    } else {
      return hn::Or(Pair<kBits, kK>(v, lane), Word<kBits, kK + 2>(v + 2, lane));
    }
  }

  HWY_INLINE VU RadixWord(std::size_t v, std::size_t end, std::size_t lane, std::uint32_t levels) const {
    VU word = hn::Zero(kU);
    for (std::uint32_t power = 1; v < end; ++v, power *= levels) {
      const VU raised = v % 2 != 0 ? Raised<true>(v, lane) : Raised<false>(v, lane);
      word = hn::Add(word, hn::Mul(hn::ShiftRight<lane::kFractionBits>(raised), hn::Set(kU, power)));
    }
    return word;
  }
};

void EncodeTile(const AffinePlan& plan, std::uint64_t tile, const float* HWY_RESTRICT x,
                const RowScales& scales, std::uint32_t* HWY_RESTRICT words) {
  HWY_ALIGN std::uint32_t random[4 * 4 * kLanes];
  const Grid& grid = plan.grid;
  for (std::uint32_t set = 0; set < grid.sets; ++set) {
    PhiloxSet(plan, (tile * grid.sets + set) * kLanes, random + set * 4 * kLanes);
  }
  const VF top = hn::Set(kF, static_cast<float>((grid.levels - 1) << lane::kFractionBits));
  const EncodeRows rows{x, scales, random, top};
  for (std::size_t lane = 0; lane < kLanes; lane += hn::Lanes(kF)) {
    for (std::uint32_t w = 0; w < grid.words; ++w) {
      const std::size_t v = w * grid.per_word;
      std::uint32_t* to = words + w * kLanes + lane;
      switch (grid.levels) {
        case 2:
          hn::Store(rows.Word<1>(v, lane), kU, to);
          break;
        case 4:
          hn::Store(rows.Word<2>(v, lane), kU, to);
          break;
        case 16:
          hn::Store(rows.Word<4>(v, lane), kU, to);
          break;
        case 256:
          hn::Store(rows.Word<8>(v, lane), kU, to);
          break;
        default:
          hn::Store(rows.RadixWord(v, v + grid.per_word, lane, grid.levels), kU, to);
      }
    }
  }
}

struct DecodeRows {
  const RowScales& scales;
  float* HWY_RESTRICT out;

  HWY_INLINE void Put(VU code, std::size_t v, std::size_t lane) const {
    const VF step = hn::Set(kF, scales.factor[v * scales.stride]);
    const VF minimum = hn::Set(kF, scales.minimum[v * scales.stride]);
    const VF value = hn::Add(hn::Mul(hn::ConvertTo(kF, hn::BitCast(kI, code)), step), minimum);
    hn::StoreU(value, kF, out + v * kLanes + lane);
  }

  template <int kBits, int kK = 0>
  HWY_INLINE void Word(VU word, std::size_t v, std::size_t lane) const {
    if constexpr (kK * kBits < 32) {
      Put(hn::And(ShiftBy<-kK * kBits>(word), hn::Set(kU, (1u << kBits) - 1)), v, lane);
      Word<kBits, kK + 1>(word, v + 1, lane);
    }
  }

  HWY_INLINE void RadixWord(const AffinePlan& plan, VU word, std::size_t v, std::size_t lane) const {
    const VU magic = hn::BitCast(kU, hn::Set(kW, std::uint64_t{plan.magic}));
    const VU levels = hn::Set(kU, plan.grid.levels);
    for (const std::size_t last = v + plan.grid.per_word - 1; v < last; ++v) {
      const VW odd = hn::MulEven(hn::BitCast(kU, hn::ShiftRight<32>(hn::BitCast(kW, word))), magic);
      const VW even = hn::ShiftRight<32>(hn::MulEven(word, magic));
      const VU high = hn::OddEven(hn::BitCast(kU, odd), hn::BitCast(kU, even));
      const VU rest =
          hn::ShiftRightSame(hn::Add(high, hn::ShiftRight<1>(hn::Sub(word, high))), plan.magic_shift);
      Put(hn::Sub(word, hn::Mul(rest, levels)), v, lane);
      word = rest;
    }
    Put(hn::Min(word, hn::Set(kU, plan.grid.levels - 1)), v, lane);
  }
};

void DecodeTile(const AffinePlan& plan, const std::uint32_t* HWY_RESTRICT words, const RowScales& scales,
                float* HWY_RESTRICT out) {
  const DecodeRows rows{scales, out};
  for (std::size_t lane = 0; lane < kLanes; lane += hn::Lanes(kF)) {
    for (std::uint32_t w = 0; w < plan.grid.words; ++w) {
      const VU word = hn::Load(kU, words + w * kLanes + lane);
      const std::size_t v = w * plan.grid.per_word;
      switch (plan.grid.levels) {
        case 2:
          rows.Word<1>(word, v, lane);
          break;
        case 4:
          rows.Word<2>(word, v, lane);
          break;
        case 16:
          rows.Word<4>(word, v, lane);
          break;
        case 256:
          rows.Word<8>(word, v, lane);
          break;
        default:
          rows.RadixWord(plan, word, v, lane);
      }
    }
  }
}

#endif  // HWY_TARGET == HWY_SCALAR

/// Scales of the rows of the tile that begins `begin` elements into the span; room for the general case in
/// `rows`.
RowScales ScalesOfTile(const AffinePlan& plan, const SpanScales& scales, std::size_t groups,
                       std::size_t begin, float (*rows)[32]) {
  if (plan.group % plan.grid.tile() == 0) {
    return {scales.minimum + begin / plan.group, scales.factor + begin / plan.group, 0};
  }
  std::size_t group = begin / plan.group, into = begin % plan.group;
  for (std::uint32_t v = 0; v < plan.grid.vectors(); ++v) {
    rows[0][v] = scales.minimum[group];
    rows[1][v] = scales.factor[group];
    into += kLanes;
    if (into >= plan.group && group + 1 < groups) ++group, into = 0;
  }
  return {rows[0], rows[1], 1};
}

void EncodeRun(const AffinePlan& plan, const float* x, std::uint64_t first, std::size_t count,
               SpanScales scales, std::byte* metadata, std::byte* payload, std::uint32_t& magnitude) {
  const std::size_t tile = plan.grid.tile(), tile_bytes = plan.grid.tile_words() * 4;
  HWY_ALIGN std::uint32_t words[2 * kLanes];
  float rows[2][32];
  for (std::size_t span = 0; span < count; span += plan.span) {
    const std::size_t size = std::min(plan.span, count - span);
    std::size_t groups = 0;
    for (std::size_t begin = 0; begin < size; begin += plan.group, ++groups) {
      float low, high;
      GroupRange(x + span + begin, std::min(plan.group, size - begin), low, high, magnitude);
      const lane::Scale scale = lane::make_scale(low, high, plan.grid.levels, plan.wide);
      store_scale(plan, metadata, (first + span) / plan.group + groups, scale);
      scales.minimum[groups] = scale.minimum;
      scales.factor[groups] = lane::inverse_step<float>(scale);
    }
    std::size_t begin = 0;
    std::uint64_t index = (first + span) / tile;
    for (; begin + tile <= size; begin += tile, ++index) {
      EncodeTile(plan, index, x + span + begin, ScalesOfTile(plan, scales, groups, begin, rows), words);
      std::memcpy(payload + index * tile_bytes, words, tile_bytes);
    }
    if (begin < size) {
      float padded[32 * kLanes];
      std::fill(std::copy(x + span + begin, x + span + size, padded), padded + tile, x[span + size - 1]);
      EncodeTile(plan, index, padded, ScalesOfTile(plan, scales, groups, begin, rows), words);
      pack_rest(plan.grid, words, size - begin, payload + index * tile_bytes);
    }
  }
}

void DecodeRun(const AffinePlan& plan, const std::byte* metadata, const std::byte* payload,
               std::uint64_t first, std::size_t count, SpanScales scales, float* out) {
  const std::size_t tile = plan.grid.tile(), tile_bytes = plan.grid.tile_words() * 4;
  HWY_ALIGN std::uint32_t words[2 * kLanes];
  float rows[2][32];
  for (std::size_t span = 0; span < count; span += plan.span) {
    const std::size_t size = std::min(plan.span, count - span);
    std::size_t groups = 0;
    for (std::size_t begin = 0; begin < size; begin += plan.group, ++groups) {
      const lane::Scale scale = load_scale(plan, metadata, (first + span) / plan.group + groups);
      scales.minimum[groups] = scale.minimum;
      scales.factor[groups] = scale.step;
    }
    std::size_t begin = 0;
    std::uint64_t index = (first + span) / tile;
    for (; begin + tile <= size; begin += tile, ++index) {
      std::memcpy(words, payload + index * tile_bytes, tile_bytes);
      DecodeTile(plan, words, ScalesOfTile(plan, scales, groups, begin, rows), out + span + begin);
    }
    if (begin < size) {
      float padded[32 * kLanes];
      unpack_rest(plan.grid, payload + index * tile_bytes, size - begin, words);
      DecodeTile(plan, words, ScalesOfTile(plan, scales, groups, begin, rows), padded);
      std::copy(padded, padded + (size - begin), out + span + begin);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace terse::quant
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace terse::quant {

HWY_EXPORT(EncodeRun);
HWY_EXPORT(DecodeRun);

void encode_affine_run(const AffinePlan& plan, const float* x, std::uint64_t first, std::size_t count,
                       SpanScales scales, std::byte* metadata, std::byte* payload, std::uint32_t& magnitude) {
  HWY_DYNAMIC_DISPATCH(EncodeRun)(plan, x, first, count, scales, metadata, payload, magnitude);
}

void decode_affine_run(const AffinePlan& plan, const std::byte* metadata, const std::byte* payload,
                       std::uint64_t first, std::size_t count, SpanScales scales, float* out) {
  HWY_DYNAMIC_DISPATCH(DecodeRun)(plan, metadata, payload, first, count, scales, out);
}

}  // namespace terse::quant
#endif  // HWY_ONCE
