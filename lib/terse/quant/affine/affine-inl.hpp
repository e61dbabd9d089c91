// Shared by encoding and decoding; included once per SIMD target, like Highway's own -inl.h files.

#if defined(TERSE_QUANT_AFFINE_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef TERSE_QUANT_AFFINE_INL
#undef TERSE_QUANT_AFFINE_INL
#else
#define TERSE_QUANT_AFFINE_INL
#endif

#include <cstring>

#include "hwy/highway.h"
#include "terse/quant/affine/affine_plan.hpp"

HWY_BEFORE_NAMESPACE();
namespace terse::quant::HWY_NAMESPACE {

/// Scales of the rows of one tile: row v uses minimum[v * stride] and factor[v * stride].
struct RowScales {
  const float* minimum;
  const float* factor;
  std::size_t stride;
};

/// Walks over the tiles of a span and gives the scales of their rows.
class TileScales {
 public:
  TileScales(const AffinePlan& plan, const SpanScales& scales, std::size_t groups)
      : plan_(plan), scales_(scales), groups_(groups) {}

  /// The scales of the next tile; valid until the next call.
  RowScales Next() {
    if (plan_.tiles_per_group != 0) {
      const RowScales rows{scales_.minimum + group_, scales_.factor + group_, 0};
      if (++into_ == plan_.tiles_per_group) ++group_, into_ = 0;
      return rows;
    }
    for (std::uint32_t v = 0; v < plan_.grid.vectors(); ++v) {
      minimum_[v] = scales_.minimum[group_];
      factor_[v] = scales_.factor[group_];
      into_ += kLanes;
      if (into_ >= plan_.group && group_ + 1 < groups_) ++group_, into_ = 0;
    }
    return {minimum_, factor_, 1};
  }

 private:
  const AffinePlan& plan_;
  const SpanScales& scales_;
  std::size_t groups_, group_ = 0;
  std::size_t into_ = 0;  ///< tiles or elements of the group that are done
  float minimum_[32], factor_[32];
};

/// Copies a tile's words. The sizes are constants, so that the compiler copies in registers.
HWY_INLINE void CopyWords(const Grid& grid, const void* from, void* to) {
  std::memcpy(to, from, kLanes * 4);
  if (grid.words == 2) {
    std::memcpy(static_cast<std::byte*>(to) + kLanes * 4, static_cast<const std::byte*>(from) + kLanes * 4, kLanes * 4);
  }
}

#if HWY_TARGET != HWY_SCALAR

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

/// The scales of rows that all lie in one group, in registers.
class SameScale {
 public:
  explicit HWY_INLINE SameScale(const RowScales& scales)
      : minimum_(hn::Set(kF, scales.minimum[0])), factor_(hn::Set(kF, scales.factor[0])) {}
  HWY_INLINE VF Minimum(std::size_t) const { return minimum_; }
  HWY_INLINE VF Factor(std::size_t) const { return factor_; }

 private:
  VF minimum_, factor_;
};

/// The scales of rows of several groups.
class RowsOwnScale {
 public:
  explicit HWY_INLINE RowsOwnScale(const RowScales& scales) : scales_(scales) {}
  HWY_INLINE VF Minimum(std::size_t v) const { return hn::Set(kF, scales_.minimum[v]); }
  HWY_INLINE VF Factor(std::size_t v) const { return hn::Set(kF, scales_.factor[v]); }

 private:
  const RowScales& scales_;
};

template <int kShift>
HWY_INLINE VU ShiftBy(VU v) {
  if constexpr (kShift < 0) return hn::ShiftRight<-kShift>(v);
  if constexpr (kShift > 0) return hn::ShiftLeft<kShift>(v);
  return v;
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

/// Writes the Philox blocks of counters base + lane to out[word][lane], one block per 32-bit lane; `base` is a multiple
/// of kLanes. Even and odd lanes are computed apart: a 32-bit product fills two lanes.
inline HWY_NOINLINE void PhiloxSet(const AffinePlan& plan, std::uint64_t base, std::uint32_t* HWY_RESTRICT out) {
  const VU m0 = hn::BitCast(kU, hn::Set(kW, std::uint64_t{lane::kPhiloxMultiplier0}));
  const VU m1 = hn::BitCast(kU, hn::Set(kW, std::uint64_t{lane::kPhiloxMultiplier1}));
  const VW twice = hn::Add(hn::Iota(kW, 0), hn::Iota(kW, 0));
  for (std::size_t lane = 0; lane < kLanes; lane += hn::Lanes(kU)) {
    VW a0 = hn::Add(hn::Set(kW, static_cast<std::uint32_t>(base) + lane), twice);
    VW b0 = hn::Add(a0, hn::Set(kW, std::uint64_t{1}));
    VW a1 = hn::Set(kW, base >> 32), a2 = hn::Set(kW, std::uint64_t{plan.stream.upper[0]}),
       a3 = hn::Set(kW, std::uint64_t{plan.stream.upper[1]});
    VW b1 = a1, b2 = a2, b3 = a3;
    for (const auto& key : plan.round_keys) {
      const VW k0 = hn::Set(kW, key[0]);
      const VW k1 = hn::Set(kW, key[1]);
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

/// lane::offset_of on a vector: kHigh says which half of the random word.
template <bool kHigh>
HWY_INLINE VU OffsetOf(VU random) {
  if constexpr (kHigh) return hn::ShiftRight<32 - lane::kFractionBits>(random);
  return hn::And(random, hn::Set(kU, (1u << lane::kFractionBits) - 1));
}

#endif  // HWY_TARGET != HWY_SCALAR

}  // namespace terse::quant::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // include guard
