#include "terse/quant/lanes/block_range.hpp"

#include <limits>

#include "terse/quant/lanes/lane.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "terse/quant/lanes/block_range_simd.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace terse::quant::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

BlockRange Range(const float* HWY_RESTRICT x, std::size_t count) {
  const hn::ScalableTag<float> f;
  const hn::RebindToSigned<decltype(f)> s;
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const auto above = hn::Set(f, kInfinity), below = hn::Set(f, -kInfinity);
  const auto all_but_sign = hn::Set(s, 0x7FFFFFFF), largest = hn::Set(s, 0x7F7FFFFF);
  auto low = above, high = below;
  auto zeros = hn::Zero(s), non_finite = hn::Zero(s);
  std::size_t i = 0;
  for (; i + hn::Lanes(f) <= count; i += hn::Lanes(f)) {
    const auto v = hn::LoadU(f, x + i);
    const auto magnitude = hn::And(hn::BitCast(s, v), all_but_sign);
    const auto special = hn::Gt(magnitude, largest);
    low = hn::Min(low, hn::IfThenElse(hn::RebindMask(f, special), above, v));
    high = hn::Max(high, hn::IfThenElse(hn::RebindMask(f, special), below, v));
    non_finite = hn::Sub(non_finite, hn::VecFromMask(s, special));
    zeros = hn::Sub(zeros, hn::VecFromMask(s, hn::Eq(magnitude, hn::Zero(s))));
  }
  BlockRange range{hn::GetLane(hn::MinOfLanes(f, low)), hn::GetLane(hn::MaxOfLanes(f, high)),
                   static_cast<std::uint32_t>(hn::GetLane(hn::SumOfLanes(s, zeros))),
                   static_cast<std::uint32_t>(hn::GetLane(hn::SumOfLanes(s, non_finite)))};
  for (; i < count; ++i) {
    const std::uint32_t magnitude = lane::bits_of(x[i]) & 0x7FFFFFFF;
    if (magnitude > 0x7F7FFFFF) {
      ++range.non_finite;
      continue;
    }
    range.minimum = x[i] < range.minimum ? x[i] : range.minimum;
    range.maximum = x[i] > range.maximum ? x[i] : range.maximum;
    range.zeros += magnitude == 0;
  }
  return range;
}

}  // namespace terse::quant::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace terse::quant {

HWY_EXPORT(Range);

BlockRange block_range(const float* x, std::size_t count) { return HWY_DYNAMIC_DISPATCH(Range)(x, count); }

}  // namespace terse::quant
#endif  // HWY_ONCE
