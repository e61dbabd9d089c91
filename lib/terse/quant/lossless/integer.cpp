#include "terse/quant/lossless/integer.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <limits>

#include "terse/core/parallel.hpp"
#include "terse/quant/lanes/element.hpp"

namespace terse::quant {

namespace {

constexpr std::size_t kBlock = 64;  // elements; their codes fill whole 64-bit words at every width
constexpr std::size_t kGrain = 1 << 16;

/// Packs the codes of up to kBlock elements. @return the union of all codes
template <class T>
std::uint64_t pack(const T* x, std::size_t count, std::uint64_t minimum, unsigned bits, std::byte* to) {
  std::uint64_t words[kBlock + 1];
  std::uint64_t word = 0, seen = 0;
  unsigned filled = 0;
  std::size_t written = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t code = static_cast<std::uint64_t>(static_cast<std::int64_t>(x[i])) - minimum;
    seen |= code;
    word |= code << filled;
    filled += bits;
    if (filled >= 64) {
      words[written++] = word;
      filled -= 64;
      word = filled != 0 ? code >> (bits - filled) : 0;
    }
  }
  words[written] = word;
  std::memcpy(to, words, (count * bits + 7) / 8);
  return seen;
}

template <class T>
void unpack(const std::byte* from, std::size_t count, std::uint64_t minimum, unsigned bits, T* out) {
  std::uint64_t words[kBlock + 1] = {};
  std::memcpy(words, from, (count * bits + 7) / 8);
  const std::uint64_t mask = bits < 64 ? (std::uint64_t{1} << bits) - 1 : ~std::uint64_t{0};
  std::size_t at = 0;
  unsigned used = 0;
  for (std::size_t i = 0; i < count; ++i) {
    std::uint64_t code = words[at] >> used;
    if (used + bits > 64) code |= words[at + 1] << (64 - used);
    used += bits;
    if (used >= 64) {
      used -= 64;
      ++at;
    }
    out[i] = static_cast<T>((code & mask) + minimum);
  }
}

template <class T>
std::int64_t minimum_of(const T* x, std::uint64_t count) {
  std::atomic<std::int64_t> minimum = std::numeric_limits<std::int64_t>::max();
  core::parallel_for(count, kGrain, [&](std::size_t begin, std::size_t end) {
    const auto mine = static_cast<std::int64_t>(*std::min_element(x + begin, x + end));
    std::int64_t seen = minimum.load(std::memory_order_relaxed);
    while (mine < seen && !minimum.compare_exchange_weak(seen, mine, std::memory_order_relaxed)) {
    }
  });
  return minimum;
}

}  // namespace

bool encode_integer(const void* x, const Layout& layout, std::byte* payload, std::byte* metadata) {
  return visit_integer(layout.dtype, [&]<class T>(T) {
    const T* elements = static_cast<const T*>(x);
    const std::int64_t minimum = layout.count != 0 ? minimum_of(elements, layout.count) : 0;
    std::memcpy(metadata, &minimum, sizeof minimum);
    std::atomic<std::uint64_t> seen = 0;
    core::parallel_for(layout.count, kGrain, [&](std::size_t begin, std::size_t end) {
      std::uint64_t mine = 0;
      for (std::size_t i = begin; i < end; i += kBlock) {
        mine |= pack(elements + i, std::min(kBlock, end - i), static_cast<std::uint64_t>(minimum), layout.bits,
                     payload + i / 8 * layout.bits);
      }
      seen |= mine;
    });
    return layout.bits == 64 || seen >> layout.bits == 0;
  });
}

void decode_integer(const Layout& layout, const std::byte* payload, const std::byte* metadata, void* out) {
  visit_integer(layout.dtype, [&]<class T>(T) {
    std::uint64_t minimum;
    std::memcpy(&minimum, metadata, sizeof minimum);
    core::parallel_for(layout.count, kGrain, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; i += kBlock) {
        unpack(payload + i / 8 * layout.bits, std::min(kBlock, end - i), minimum, layout.bits,
               static_cast<T*>(out) + i);
      }
    });
  });
}

}  // namespace terse::quant
