#include "terse/relsim/model/row_kernels.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "terse/relsim/model/row_kernels.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace terse::relsim::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

void AdamRow(float* values, const float* gradients, float* first, float* second, std::size_t n,
             const AdamRates& rates) {
  const auto step = [&](auto d, std::size_t i) {
    const auto value = hn::LoadU(d, values + i);
    const auto gradient = hn::MulAdd(hn::Set(d, rates.weight_decay), value, hn::LoadU(d, gradients + i));
    const auto m0 = hn::LoadU(d, first + i);
    const auto v0 = hn::LoadU(d, second + i);
    const auto m = hn::MulAdd(hn::Set(d, 1 - rates.beta1), hn::Sub(gradient, m0), m0);
    const auto v = hn::MulAdd(hn::Set(d, 1 - rates.beta2), hn::Sub(hn::Mul(gradient, gradient), v0), v0);
    const auto scale = hn::MulAdd(hn::Sqrt(v), hn::Set(d, rates.second_correction), hn::Set(d, rates.epsilon));
    hn::StoreU(m, d, first + i);
    hn::StoreU(v, d, second + i);
    hn::StoreU(hn::Sub(value, hn::Div(hn::Mul(hn::Set(d, rates.step_size), m), scale)), d, values + i);
  };
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) step(d, i);
  for (; i < n; ++i) step(hn::CappedTag<float, 1>(), i);
}

}  // namespace terse::relsim::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace terse::relsim {

HWY_EXPORT(AdamRow);

void adam_row(float* values, const float* gradients, float* first, float* second, std::size_t n,
              const AdamRates& rates) {
  HWY_DYNAMIC_DISPATCH(AdamRow)(values, gradients, first, second, n, rates);
}

}  // namespace terse::relsim
#endif
