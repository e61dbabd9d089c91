#include "terse/quant/lanes/bits.hpp"

#include <cstdint>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "terse/quant/lanes/bits_simd.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

#include <algorithm>
#include <limits>

#include "terse/quant/lanes/mask_bits-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace terse::quant::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

constexpr std::size_t kBlock = 64;  // elements of one 64-bit word of bits

/// Calls block(pointer to kBlock elements) → word for all of x, the last block padded with its last element.
template <class T, class Block>
HWY_INLINE void PackBlocks(const T* HWY_RESTRICT x, std::size_t count, std::byte* bits, const Block& block) {
  std::size_t i = 0;
  for (; i + kBlock <= count; i += kBlock) {
    const std::uint64_t word = block(x + i);
    std::memcpy(bits + i / 8, &word, sizeof word);
  }
  if (i < count) {
    T padded[kBlock];
    std::fill(std::copy(x + i, x + count, padded), padded + kBlock, x[count - 1]);
    std::uint64_t word = block(padded);
    word &= ~std::uint64_t{0} >> (kBlock - (count - i));
    std::memcpy(bits + i / 8, &word, (count - i + 7) / 8);
  }
}

template <class T>
bool PackMaskOf(const void* x, std::size_t count, const void* values, std::byte* bits) {
  const hn::CappedTag<T, kBlock> d;
  T value[2];
  std::memcpy(value, values, sizeof value);
  const auto zero = hn::Set(d, value[0]), one = hn::Set(d, value[1]);
  bool fits = true;
  PackBlocks(static_cast<const T*>(x), count, bits, [&](const T* block) HWY_ATTR {
    std::uint64_t zeros = 0, ones = 0;
    for (std::size_t i = 0; i < kBlock; i += hn::Lanes(d)) {
      const auto v = hn::LoadU(d, block + i);
      zeros |= BitsAt(d, hn::Eq(v, zero), i);
      ones |= BitsAt(d, hn::Eq(v, one), i);
    }
    fits = fits && (zeros | ones) == ~std::uint64_t{0};
    return ones;
  });
  return fits;
}

bool PackMask(core::DType dtype, const void* x, std::size_t count, const void* values, std::byte* bits) {
  switch (core::size_of(dtype)) {
    case 1:
      return PackMaskOf<std::uint8_t>(x, count, values, bits);
    case 2:
      return PackMaskOf<std::uint16_t>(x, count, values, bits);
    case 4:
      return PackMaskOf<std::uint32_t>(x, count, values, bits);
    default:
      return PackMaskOf<std::uint64_t>(x, count, values, bits);
  }
}

/// Signed bit patterns v with v > 0. False where the magnitude of one is beyond `last`: a NaN.
template <class T>
bool PackPositive(const void* x, std::size_t count, T last, std::byte* bits) {
  const hn::CappedTag<T, kBlock> d;
  const auto lasts = hn::Set(d, last), all_but_sign = hn::Set(d, std::numeric_limits<T>::max());
  std::uint64_t beyond = 0;
  PackBlocks(static_cast<const T*>(x), count, bits, [&](const T* block) HWY_ATTR {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < kBlock; i += hn::Lanes(d)) {
      const auto v = hn::LoadU(d, block + i);
      word |= BitsAt(d, hn::Gt(v, hn::Zero(d)), i);
      beyond |= BitsAt(d, hn::Gt(hn::And(v, all_but_sign), lasts), i);
    }
    return word;
  });
  return beyond == 0;
}

bool PackNonZero(const void* x, std::size_t count, std::byte* bits) {
  const hn::CappedTag<std::uint8_t, kBlock> d;
  PackBlocks(static_cast<const std::uint8_t*>(x), count, bits, [&](const std::uint8_t* block) HWY_ATTR {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < kBlock; i += hn::Lanes(d)) {
      word |= BitsAt(d, hn::Eq(hn::LoadU(d, block + i), hn::Zero(d)), i);
    }
    return ~word;
  });
  return true;
}

bool PackSign(core::DType dtype, const void* x, std::size_t count, std::byte* bits) {
  switch (dtype) {
    // Positive floats order like their bit patterns; those beyond infinity are NaN.
    case core::DType::Float32:
      return PackPositive<std::int32_t>(x, count, 0x7F800000, bits);
    case core::DType::Float16:
      return PackPositive<std::int16_t>(x, count, 0x7C00, bits);
    case core::DType::BFloat16:
      return PackPositive<std::int16_t>(x, count, 0x7F80, bits);
    case core::DType::Float64:
      return PackPositive<std::int64_t>(x, count, 0x7FF0000000000000, bits);
    case core::DType::UInt8:
    case core::DType::Bool:
      return PackNonZero(x, count, bits);
    case core::DType::Int8:
      return PackPositive<std::int8_t>(x, count, INT8_MAX, bits);
    case core::DType::Int16:
      return PackPositive<std::int16_t>(x, count, INT16_MAX, bits);
    case core::DType::Int32:
      return PackPositive<std::int32_t>(x, count, INT32_MAX, bits);
    case core::DType::Int64:
      return PackPositive<std::int64_t>(x, count, INT64_MAX, bits);
  }
  return false;
}

template <class T>
void UnpackBitsOf(const std::byte* bits, std::size_t count, const void* values, void* out) {
  const hn::CappedTag<T, kBlock> d;
  const std::size_t n = hn::Lanes(d);
  T value[2];
  std::memcpy(value, values, sizeof value);
  const auto zero = hn::Set(d, value[0]), one = hn::Set(d, value[1]);
  T* to = static_cast<T*>(out);
  for (std::size_t begin = 0; begin < count; begin += kBlock) {
    const std::size_t size = std::min(kBlock, count - begin);
    std::uint64_t word = 0;
    std::memcpy(&word, bits + begin / 8, (size + 7) / 8);
    T padded[kBlock];
    T* block = size == kBlock ? to + begin : padded;
    for (std::size_t i = 0; i < kBlock; i += n) {
      const std::uint64_t part = word >> i;
      const auto mask = hn::LoadMaskBits(d, reinterpret_cast<const std::uint8_t*>(&part));
      hn::StoreU(hn::IfThenElse(mask, one, zero), d, block + i);
    }
    if (size != kBlock) std::copy(padded, padded + size, to + begin);
  }
}

void UnpackBits(core::DType dtype, const std::byte* bits, std::size_t count, const void* values, void* out) {
  switch (core::size_of(dtype)) {
    case 1:
      return UnpackBitsOf<std::uint8_t>(bits, count, values, out);
    case 2:
      return UnpackBitsOf<std::uint16_t>(bits, count, values, out);
    case 4:
      return UnpackBitsOf<std::uint32_t>(bits, count, values, out);
    default:
      return UnpackBitsOf<std::uint64_t>(bits, count, values, out);
  }
}

}  // namespace terse::quant::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace terse::quant {

HWY_EXPORT(PackMask);
HWY_EXPORT(PackSign);
HWY_EXPORT(UnpackBits);

bool pack_mask(core::DType dtype, const void* x, std::size_t count, const void* values, std::byte* bits) {
  return HWY_DYNAMIC_DISPATCH(PackMask)(dtype, x, count, values, bits);
}

bool pack_sign(core::DType dtype, const void* x, std::size_t count, std::byte* bits) {
  return HWY_DYNAMIC_DISPATCH(PackSign)(dtype, x, count, bits);
}

void unpack_bits(core::DType dtype, const std::byte* bits, std::size_t count, const void* values, void* out) {
  HWY_DYNAMIC_DISPATCH(UnpackBits)(dtype, bits, count, values, out);
}

}  // namespace terse::quant
#endif  // HWY_ONCE
