#include "terse/quant/lanes/convert.hpp"

#include <cstdint>

#include "terse/quant/lanes/lane.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "terse/quant/lanes/convert_simd.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace terse::quant::HWY_NAMESPACE {

// Plain loops over the lane functions, which the compiler vectorises for each target.

void FromFloat16(const std::uint16_t* HWY_RESTRICT x, std::size_t count, float* HWY_RESTRICT out) {
  for (std::size_t i = 0; i < count; ++i) out[i] = lane::from_float16(x[i]);
}

void ToFloat16(const float* HWY_RESTRICT x, std::size_t count, std::uint16_t* HWY_RESTRICT out) {
  for (std::size_t i = 0; i < count; ++i) out[i] = lane::to_float16(x[i]);
}

void FromBFloat16(const std::uint16_t* HWY_RESTRICT x, std::size_t count, float* HWY_RESTRICT out) {
  for (std::size_t i = 0; i < count; ++i) out[i] = lane::from_bfloat16(x[i]);
}

void ToBFloat16(const float* HWY_RESTRICT x, std::size_t count, std::uint16_t* HWY_RESTRICT out) {
  for (std::size_t i = 0; i < count; ++i) out[i] = lane::to_bfloat16(x[i]);
}

}  // namespace terse::quant::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace terse::quant {

HWY_EXPORT(FromFloat16);
HWY_EXPORT(ToFloat16);
HWY_EXPORT(FromBFloat16);
HWY_EXPORT(ToBFloat16);

void to_float32(core::DType dtype, const void* x, std::size_t count, float* out) {
  const auto* bits = static_cast<const std::uint16_t*>(x);
  if (dtype == core::DType::Float16) {
    HWY_DYNAMIC_DISPATCH(FromFloat16)(bits, count, out);
  } else {
    HWY_DYNAMIC_DISPATCH(FromBFloat16)(bits, count, out);
  }
}

void from_float32(core::DType dtype, const float* x, std::size_t count, void* out) {
  auto* bits = static_cast<std::uint16_t*>(out);
  if (dtype == core::DType::Float16) {
    HWY_DYNAMIC_DISPATCH(ToFloat16)(x, count, bits);
  } else {
    HWY_DYNAMIC_DISPATCH(ToBFloat16)(x, count, bits);
  }
}

}  // namespace terse::quant
#endif  // HWY_ONCE
