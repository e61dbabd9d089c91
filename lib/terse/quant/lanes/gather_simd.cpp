#include "terse/quant/lanes/gather.hpp"

#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "terse/quant/lanes/gather_simd.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

#include <algorithm>
#include <bit>

#include "terse/quant/lanes/mask_bits-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace terse::quant::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

constexpr std::size_t kWord = 64;  // elements of one 64-bit word of bits

/// The word of bits at element i, those at `count` and beyond 0.
HWY_INLINE std::uint64_t WordAt(const std::byte* bits, std::size_t i, std::size_t count) {
  std::uint64_t word = 0;
  const std::size_t size = std::min(kWord, count - i);
  std::memcpy(&word, bits + i / 8, (size + 7) / 8);
  return size == kWord ? word : word & (~std::uint64_t{0} >> (kWord - size));
}

template <class T>
std::uint64_t PackNonZeroOf(const T* HWY_RESTRICT x, std::size_t count, std::byte* bits) {
  const hn::CappedTag<T, kWord> d;
  std::uint64_t set = 0;
  for (std::size_t i = 0; i < count; i += kWord) {
    const std::size_t size = std::min(kWord, count - i);
    T padded[kWord] = {};
    const T* block = x + i;
    if (size < kWord) {
      std::copy(block, block + size, padded);
      block = padded;
    }
    std::uint64_t word = 0;
    for (std::size_t k = 0; k < kWord; k += hn::Lanes(d)) {
      // Doubling the bit pattern drops the sign: -0 is zero.
      const auto v = hn::LoadU(d, block + k);
      word |= BitsAt(d, hn::Ne(hn::Add(v, v), hn::Zero(d)), k);
    }
    std::memcpy(bits + i / 8, &word, (size + 7) / 8);
    set += static_cast<std::uint64_t>(std::popcount(word));
  }
  return set;
}

std::uint64_t PackNonZero(core::DType dtype, const void* x, std::size_t count, std::byte* bits) {
  switch (core::size_of(dtype)) {
    case 2:
      return PackNonZeroOf(static_cast<const std::uint16_t*>(x), count, bits);
    case 4:
      return PackNonZeroOf(static_cast<const std::uint32_t*>(x), count, bits);
    default:
      return PackNonZeroOf(static_cast<const std::uint64_t*>(x), count, bits);
  }
}

HWY_INLINE std::uint64_t LanesMask(std::size_t lanes) { return ~std::uint64_t{0} >> (kWord - lanes); }

template <class T>
std::size_t GatherOf(const T* HWY_RESTRICT x, std::size_t count, const std::byte* bits, T* HWY_RESTRICT out) {
  const hn::CappedTag<T, kWord> d;
  T* to = out;
  std::size_t i = 0;
  for (; i + kWord <= count; i += kWord) {
    const std::uint64_t word = WordAt(bits, i, count);
    for (std::size_t k = 0; k < kWord; k += hn::Lanes(d)) {
      const std::uint64_t part = word >> k;
      // Not CompressBitsStore: to memory, the instruction is microcode on some processors (Zen 4). Beyond the elements
      // that are kept lies the slack.
      hn::StoreU(hn::CompressBits(hn::LoadU(d, x + i + k), reinterpret_cast<const std::uint8_t*>(&part)), d, to);
      to += std::popcount(part & LanesMask(hn::Lanes(d)));
    }
  }
  if (i < count) {
    const std::uint64_t word = WordAt(bits, i, count);
    for (std::size_t k = 0; i + k < count; ++k) {
      if (word >> k & 1) *to++ = x[i + k];
    }
  }
  return static_cast<std::size_t>(to - out);
}

std::size_t Gather(core::DType dtype, const void* x, std::size_t count, const std::byte* bits, void* out) {
  if (core::size_of(dtype) == 2) {
    return GatherOf(static_cast<const std::uint16_t*>(x), count, bits, static_cast<std::uint16_t*>(out));
  }
  return GatherOf(static_cast<const std::uint32_t*>(x), count, bits, static_cast<std::uint32_t*>(out));
}

template <class T>
std::size_t ScatterOf(const T* HWY_RESTRICT values, std::size_t count, const std::byte* bits, T* HWY_RESTRICT out) {
  const T* from = values;
  for (std::size_t i = 0; i < count; i += kWord) {
    T* block = out + i;
    std::fill(block, block + std::min(kWord, count - i), T{0});
    for (std::uint64_t word = WordAt(bits, i, count); word != 0; word &= word - 1) {
      block[std::countr_zero(word)] = *from++;
    }
  }
  return static_cast<std::size_t>(from - values);
}

std::size_t Scatter(core::DType dtype, const void* values, std::size_t count, const std::byte* bits, void* out) {
  if (core::size_of(dtype) == 2) {
    return ScatterOf(static_cast<const std::uint16_t*>(values), count, bits, static_cast<std::uint16_t*>(out));
  }
  return ScatterOf(static_cast<const std::uint32_t*>(values), count, bits, static_cast<std::uint32_t*>(out));
}

}  // namespace terse::quant::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace terse::quant {

HWY_EXPORT(PackNonZero);
HWY_EXPORT(Gather);
HWY_EXPORT(Scatter);

std::uint64_t pack_nonzero(core::DType dtype, const void* x, std::size_t count, std::byte* bits) {
  return HWY_DYNAMIC_DISPATCH(PackNonZero)(dtype, x, count, bits);
}

std::uint64_t count_set(const std::byte* bits, std::uint64_t count) {
  std::uint64_t set = 0;
  for (std::uint64_t i = 0; i < count; i += 64) {
    const std::uint64_t size = std::min<std::uint64_t>(64, count - i);
    std::uint64_t word = 0;
    std::memcpy(&word, bits + i / 8, (size + 7) / 8);
    if (size < 64) word &= ~std::uint64_t{0} >> (64 - size);
    set += static_cast<std::uint64_t>(std::popcount(word));
  }
  return set;
}

std::size_t gather(core::DType dtype, const void* x, std::size_t count, const std::byte* bits, void* out) {
  return HWY_DYNAMIC_DISPATCH(Gather)(dtype, x, count, bits, out);
}

std::size_t scatter(core::DType dtype, const void* values, std::size_t count, const std::byte* bits, void* out) {
  return HWY_DYNAMIC_DISPATCH(Scatter)(dtype, values, count, bits, out);
}

}  // namespace terse::quant
#endif  // HWY_ONCE
