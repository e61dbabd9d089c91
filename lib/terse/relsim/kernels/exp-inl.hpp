// The exponential of softmaxes, for sources that Highway compiles once for each SIMD target: include it where highway.h
// is included, inside no namespace.
#if defined(TERSE_RELSIM_EXP_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef TERSE_RELSIM_EXP_INL
#undef TERSE_RELSIM_EXP_INL
#else
#define TERSE_RELSIM_EXP_INL
#endif

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace terse::relsim::HWY_NAMESPACE {

/// exp(x) for x up to 80 within 2e-7 of itself; below -87 it stays what it is there, 2e-38. A NaN stays one. Half the
/// operations of Highway's: x = n ln 2 + r, and a polynomial of degree 5 in r.
template <class D>
HWY_INLINE hwy::HWY_NAMESPACE::Vec<D> softmax_exp(D d, hwy::HWY_NAMESPACE::Vec<D> x) {
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::RebindToSigned<D> di;
  x = hn::Max(hn::Set(d, -87.0f), x);  // of a NaN the second operand
  // Adding 3 · 2^22 leaves the nearest integer in the low bits.
  const auto magic = hn::Set(d, 12582912.0f);
  const auto shifted = hn::MulAdd(x, hn::Set(d, 1.44269504f), magic);
  const auto r = hn::NegMulAdd(hn::Sub(shifted, magic), hn::Set(d, 0.693147181f), x);
  auto p = hn::Set(d, 0.008290272044f);
  p = hn::MulAdd(p, r, hn::Set(d, 0.041898160583f));
  p = hn::MulAdd(p, r, hn::Set(d, 0.166676381344f));
  p = hn::MulAdd(p, r, hn::Set(d, 0.499991478338f));
  p = hn::MulAdd(p, r, hn::Set(d, 0.999999706310f));
  p = hn::MulAdd(p, r, hn::Set(d, 1.0f));
  return hn::BitCast(d, hn::Add(hn::BitCast(di, p), hn::ShiftLeft<23>(hn::BitCast(di, shifted))));
}

}  // namespace terse::relsim::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
