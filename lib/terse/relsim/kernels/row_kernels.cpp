#include "terse/relsim/kernels/row_kernels.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "terse/relsim/kernels/row_kernels.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace terse::relsim::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// step(d, i) for each vector of the [n] values, the last ones one by one.
template <class Step>
HWY_INLINE void for_each_lane(std::size_t n, const Step& step) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) step(d, i);
  for (; i < n; ++i) step(hn::CappedTag<float, 1>(), i);
}

/// Gradients of the penalty as well.
template <class D>
HWY_INLINE hn::Vec<D> decayed(D d, const float* values, const float* gradients, std::size_t i, float weight_decay) {
  return hn::MulAdd(hn::Set(d, weight_decay), hn::LoadU(d, values + i), hn::LoadU(d, gradients + i));
}

void AdamRow(float* values, const float* gradients, float* first, float* second, std::size_t n,
             const AdamRates& rates) {
  for_each_lane(n, [&](auto d, std::size_t i) {
    const auto gradient = decayed(d, values, gradients, i, rates.weight_decay);
    const auto m0 = hn::LoadU(d, first + i);
    const auto v0 = hn::LoadU(d, second + i);
    const auto m = hn::MulAdd(hn::Set(d, 1 - rates.beta1), hn::Sub(gradient, m0), m0);
    const auto v = hn::MulAdd(hn::Set(d, 1 - rates.beta2), hn::Sub(hn::Mul(gradient, gradient), v0), v0);
    const auto scale = hn::MulAdd(hn::Sqrt(v), hn::Set(d, rates.second_correction), hn::Set(d, rates.epsilon));
    hn::StoreU(m, d, first + i);
    hn::StoreU(v, d, second + i);
    hn::StoreU(hn::Sub(hn::LoadU(d, values + i), hn::Div(hn::Mul(hn::Set(d, rates.step_size), m), scale)), d,
               values + i);
  });
}

void SgdRow(float* values, const float* gradients, float* velocity, std::size_t n, const SgdRates& rates) {
  for_each_lane(n, [&](auto d, std::size_t i) {
    auto by = decayed(d, values, gradients, i, rates.weight_decay);
    if (velocity) {
      by = hn::MulAdd(hn::Set(d, rates.momentum), hn::LoadU(d, velocity + i), by);
      hn::StoreU(by, d, velocity + i);
    }
    hn::StoreU(hn::NegMulAdd(hn::Set(d, rates.lr), by, hn::LoadU(d, values + i)), d, values + i);
  });
}

void AdaGradRow(float* values, const float* gradients, float* squares, std::size_t n, const SgdRates& rates) {
  for_each_lane(n, [&](auto d, std::size_t i) {
    const auto gradient = decayed(d, values, gradients, i, rates.weight_decay);
    const auto sum = hn::MulAdd(gradient, gradient, hn::LoadU(d, squares + i));
    hn::StoreU(sum, d, squares + i);
    const auto scale = hn::Add(hn::Sqrt(sum), hn::Set(d, 1e-10f));
    hn::StoreU(hn::Sub(hn::LoadU(d, values + i), hn::Div(hn::Mul(hn::Set(d, rates.lr), gradient), scale)), d,
               values + i);
  });
}

}  // namespace terse::relsim::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace terse::relsim {

HWY_EXPORT(AdamRow);
HWY_EXPORT(SgdRow);
HWY_EXPORT(AdaGradRow);

void adam_row(float* values, const float* gradients, float* first, float* second, std::size_t n,
              const AdamRates& rates) {
  HWY_DYNAMIC_DISPATCH(AdamRow)(values, gradients, first, second, n, rates);
}

void sgd_row(float* values, const float* gradients, float* velocity, std::size_t n, const SgdRates& rates) {
  HWY_DYNAMIC_DISPATCH(SgdRow)(values, gradients, velocity, n, rates);
}

void adagrad_row(float* values, const float* gradients, float* squares, std::size_t n, const SgdRates& rates) {
  HWY_DYNAMIC_DISPATCH(AdaGradRow)(values, gradients, squares, n, rates);
}

}  // namespace terse::relsim
#endif
