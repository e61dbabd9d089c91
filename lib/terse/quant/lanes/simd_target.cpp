#include "terse/quant/lanes/simd_target.hpp"

#include <cstdint>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "terse/quant/lanes/simd_target.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace terse::quant::HWY_NAMESPACE {

std::int64_t Target() { return HWY_TARGET; }

}  // namespace terse::quant::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace terse::quant {

HWY_EXPORT(Target);

std::string_view simd_target() { return hwy::TargetName(HWY_DYNAMIC_DISPATCH(Target)()); }

}  // namespace terse::quant
#endif  // HWY_ONCE
