#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "terse/core/philox.hpp"
#include "terse/quant/codec.hpp"
#include "terse/quant/lanes/convert.hpp"

namespace terse::quant::test {

struct Encoded {
  Layout layout;
  std::vector<std::byte> payload, metadata;
};

inline Encoded encoded(const void* x, const Layout& layout, const core::RandomKey& key = {}) {
  Encoded e{layout, std::vector<std::byte>(payload_bytes(layout)), std::vector<std::byte>(metadata_bytes(layout))};
  encode(x, layout, key, e.payload, e.metadata);
  return e;
}

template <class T>
std::vector<T> decoded(const Encoded& e) {
  std::vector<T> out(e.layout.count);
  decode(e.layout, e.payload, e.metadata, out.data());
  return out;
}

template <class T>
std::vector<std::byte> bytes_of(const std::vector<T>& x) {
  std::vector<std::byte> bytes(x.size() * sizeof(T));
  if (!x.empty()) std::memcpy(bytes.data(), x.data(), bytes.size());
  return bytes;
}

/// Normal numbers whose deviation and mean change from group to group.
inline std::vector<float> normals(std::size_t count, std::uint64_t seed, double mean = 0) {
  core::RandomSequence random({seed, 17, 0});
  std::vector<float> x(count);
  for (std::size_t i = 0; i < count; ++i) {
    x[i] = static_cast<float>((random.normal() + mean) * std::exp2(static_cast<double>(i / 256 % 7) - 3));
  }
  return x;
}

inline Layout affine(std::size_t count, int levels, bool wide = false, std::uint32_t group = 256,
                     core::DType dtype = core::DType::Float32) {
  Layout layout;
  layout.codec = Codec::Affine;
  layout.dtype = dtype;
  layout.count = count;
  layout.levels = static_cast<std::uint16_t>(levels);
  layout.wide_scales = wide;
  layout.group = group;
  return layout;
}

inline Layout dithered(Layout layout) {
  layout.dithered = true;
  return layout;
}

/// (minimum, step) of a group, read from the metadata as the format says.
inline std::pair<double, double> scale(const Encoded& e, std::size_t group) {
  float pair[2];
  if (e.layout.wide_scales) {
    std::memcpy(pair, e.metadata.data() + group * 8, 8);
  } else {
    std::uint16_t halves[2];
    std::memcpy(halves, e.metadata.data() + group * 4, 4);
    to_float32(core::DType::BFloat16, halves, 2, pair);
  }
  return {static_cast<double>(pair[0]), static_cast<double>(pair[1])};
}

}  // namespace terse::quant::test
