// Bits of comparisons; included once per SIMD target, like Highway's own -inl.h files.

#if defined(TERSE_QUANT_MASK_BITS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef TERSE_QUANT_MASK_BITS_INL
#undef TERSE_QUANT_MASK_BITS_INL
#else
#define TERSE_QUANT_MASK_BITS_INL
#endif

#include <cstdint>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace terse::quant::HWY_NAMESPACE {

/// The bits of a mask of at most 64 lanes, lane 0 at bit `at` of a word.
template <class D, class M>
HWY_INLINE std::uint64_t BitsAt(D d, M mask, std::size_t at) {
  if constexpr (hwy::HWY_NAMESPACE::MaxLanes(D()) == 32) {
    // GCC 12 spills a mask register of 32 lanes as four bytes where it reads eight back. It does not once the bits are
    // in a general register before they are widened.
    std::uint32_t bits = 0;
    hwy::HWY_NAMESPACE::StoreMaskBits(d, mask, reinterpret_cast<std::uint8_t*>(&bits));
    asm("" : "+r"(bits));
    return std::uint64_t{bits} << at;
  } else {
    std::uint64_t bits = 0;
    hwy::HWY_NAMESPACE::StoreMaskBits(d, mask, reinterpret_cast<std::uint8_t*>(&bits));
    return bits << at;
  }
}

}  // namespace terse::quant::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // include guard
