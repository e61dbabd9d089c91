#include "terse/relsim/model/row_kernels.hpp"

#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "terse/relsim/model/row_kernels.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>
#include <hwy/contrib/math/math-inl.h>

HWY_BEFORE_NAMESPACE();
namespace terse::relsim::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr std::size_t kSumBlock = 2048;  // float sums are kept this short and gathered in double

float max_of(const float* row, std::size_t n) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  auto best = hn::Set(d, row[0]);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) best = hn::Max(best, hn::LoadU(d, row + i));
  float result = hn::GetLane(hn::MaxOfLanes(d, best));
  for (; i < n; ++i) result = row[i] > result ? row[i] : result;
  return result;
}

/// Replaces [n] values by exp(row - shift). @return their sum
double exp_row(float* row, std::size_t n, float shift) {
  const hn::ScalableTag<float> d;
  const hn::CappedTag<float, 1> one;
  const std::size_t lanes = hn::Lanes(d);
  const auto offset = hn::Set(d, shift);
  double total = 0;
  for (std::size_t begin = 0; begin < n; begin += kSumBlock) {
    const std::size_t end = begin + kSumBlock < n ? begin + kSumBlock : n;
    auto sum0 = hn::Zero(d), sum1 = hn::Zero(d);
    std::size_t i = begin;
    for (; i + 2 * lanes <= end; i += 2 * lanes) {
      const auto e0 = hn::Exp(d, hn::Sub(hn::LoadU(d, row + i), offset));
      const auto e1 = hn::Exp(d, hn::Sub(hn::LoadU(d, row + i + lanes), offset));
      sum0 = hn::Add(sum0, e0);
      sum1 = hn::Add(sum1, e1);
      hn::StoreU(e0, d, row + i);
      hn::StoreU(e1, d, row + i + lanes);
    }
    total += hn::GetLane(hn::SumOfLanes(d, hn::Add(sum0, sum1)));
    for (; i < end; ++i) {
      const auto e = hn::Exp(one, hn::Sub(hn::LoadU(one, row + i), hn::Set(one, shift)));
      total += hn::GetLane(e);
      hn::StoreU(e, one, row + i);
    }
  }
  return total;
}

double SoftmaxRow(float* logits, std::size_t n, float weight) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  const float shift = max_of(logits, n);
  const double total = exp_row(logits, n, shift);
  const float factor = static_cast<float>(weight / total);
  const auto factors = hn::Set(d, factor);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(hn::Mul(hn::LoadU(d, logits + i), factors), d, logits + i);
  for (; i < n; ++i) logits[i] *= factor;
  return shift + std::log(total);
}

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

HWY_EXPORT(SoftmaxRow);
HWY_EXPORT(AdamRow);

double softmax_row(float* logits, std::size_t n, float weight) {
  return HWY_DYNAMIC_DISPATCH(SoftmaxRow)(logits, n, weight);
}

void adam_row(float* values, const float* gradients, float* first, float* second, std::size_t n,
              const AdamRates& rates) {
  HWY_DYNAMIC_DISPATCH(AdamRow)(values, gradients, first, second, n, rates);
}

}  // namespace terse::relsim
#endif
