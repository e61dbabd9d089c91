// What encoding and decoding share in each SIMD target; included once a target, as Highway's own -inl.h files
// are.

#if defined(TERSE_QUANT_AFFINE_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef TERSE_QUANT_AFFINE_INL
#undef TERSE_QUANT_AFFINE_INL
#else
#define TERSE_QUANT_AFFINE_INL
#endif

#include <algorithm>
#include <cstring>

#include "hwy/highway.h"
#include "terse/quant/affine_plan.hpp"

HWY_BEFORE_NAMESPACE();
namespace terse::quant {
namespace HWY_NAMESPACE {

/// Scales of the rows of one tile: row v uses minimum[v * stride] and factor[v * stride].
struct RowScales {
  const float* minimum;
  const float* factor;
  std::size_t stride;
};

/// Walks over the tiles of a span, at each the scales of its rows.
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
  std::size_t into_ = 0;  ///< tiles or elements of the group that are behind
  float minimum_[32], factor_[32];
};

/// Copies a tile's words; the constant sizes let the compiler do it in registers.
HWY_INLINE void CopyWords(const Grid& grid, const void* from, void* to) {
  std::memcpy(to, from, kLanes * 4);
  if (grid.words == 2) {
    std::memcpy(static_cast<std::byte*>(to) + kLanes * 4, static_cast<const std::byte*>(from) + kLanes * 4,
                kLanes * 4);
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

#endif  // HWY_TARGET != HWY_SCALAR

}  // namespace HWY_NAMESPACE
}  // namespace terse::quant
HWY_AFTER_NAMESPACE();

#endif  // include guard
