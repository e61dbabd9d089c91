#include "terse/quant/lossless/few_values.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>

#include "terse/core/parallel.hpp"
#include "terse/quant/lanes/bits.hpp"
#include "terse/quant/lanes/element.hpp"

namespace terse::quant {

namespace {

constexpr std::size_t kGrain = 1 << 16;  // elements of a thread's piece of work, a multiple of 64

/// Index of the first element that differs from x[0] in its bits; count if there is none.
std::uint64_t first_other(core::DType dtype, const void* x, std::uint64_t count) {
  return visit_bits(dtype, [&]<class T>(T) {
    const T* bits = static_cast<const T*>(x);
    std::uint64_t i = 0;
    while (i < count && bits[i] == bits[0]) ++i;
    return i;
  });
}

/// 0 and 1 as two elements.
void zero_and_one(core::DType dtype, std::byte* values) {
  std::memset(values, 0, 2 * core::size_of(dtype));
  const auto put = [&](auto one) { std::memcpy(values + sizeof one, &one, sizeof one); };
  switch (dtype) {
    case core::DType::Float32:
      return put(1.0f);
    case core::DType::Float64:
      return put(1.0);
    case core::DType::Float16:
      return put(std::uint16_t{0x3C00});
    case core::DType::BFloat16:
      return put(std::uint16_t{0x3F80});
    default:
      return visit_integer(dtype, [&]<class T>(T) { put(T{1}); });
  }
}

}  // namespace

bool encode_constant(const void* x, const Layout& layout, std::byte* metadata) {
  const std::size_t size = core::size_of(layout.dtype);
  if (layout.count == 0) {
    std::memset(metadata, 0, size);
    return true;
  }
  std::memcpy(metadata, x, size);
  return first_other(layout.dtype, x, layout.count) == layout.count;
}

void decode_constant(const Layout& layout, const std::byte* metadata, void* out) {
  visit_bits(layout.dtype, [&]<class T>(T value) {
    std::memcpy(&value, metadata, sizeof value);
    core::parallel_for(layout.count, kGrain, [&](std::size_t begin, std::size_t end) {
      std::fill(static_cast<T*>(out) + begin, static_cast<T*>(out) + end, value);
    });
  });
}

bool encode_mask(const void* x, const Layout& layout, std::byte* payload, std::byte* metadata) {
  const std::size_t size = core::size_of(layout.dtype);
  if (layout.count == 0) {
    std::memset(metadata, 0, 2 * size);
    return true;
  }
  const auto* elements = static_cast<const std::byte*>(x);
  const std::uint64_t other = first_other(layout.dtype, x, layout.count);
  std::memcpy(metadata, elements, size);
  std::memcpy(metadata + size, other < layout.count ? elements + other * size : elements, size);
  std::atomic<bool> fits = true;
  core::parallel_for(layout.count, kGrain, [&](std::size_t begin, std::size_t end) {
    if (!pack_mask(layout.dtype, elements + begin * size, end - begin, metadata, payload + begin / 8)) fits = false;
  });
  return fits;
}

void decode_mask(const Layout& layout, const std::byte* payload, const std::byte* metadata, void* out) {
  core::parallel_for(layout.count, kGrain, [&](std::size_t begin, std::size_t end) {
    unpack_bits(layout.dtype, payload + begin / 8, end - begin, metadata,
                static_cast<std::byte*>(out) + begin * core::size_of(layout.dtype));
  });
}

bool encode_sign(const void* x, const Layout& layout, std::byte* payload) {
  const auto* elements = static_cast<const std::byte*>(x);
  std::atomic<bool> fits = true;
  core::parallel_for(layout.count, kGrain, [&](std::size_t begin, std::size_t end) {
    if (!pack_sign(layout.dtype, elements + begin * core::size_of(layout.dtype), end - begin, payload + begin / 8)) {
      fits = false;
    }
  });
  return fits;
}

void decode_sign(const Layout& layout, const std::byte* payload, void* out) {
  std::byte values[2 * sizeof(double)];
  zero_and_one(layout.dtype, values);
  decode_mask(layout, payload, values, out);
}

}  // namespace terse::quant
