#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <span>

#include "terse/core/bytes.hpp"
#include "terse/core/dtype.hpp"

namespace terse::inspect {

inline float bfloat16_to_float(std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t{bits} << 16); }

/// IEEE binary16 to float; exact.
inline float float16_to_float(std::uint16_t bits) {
  const std::uint32_t exponent = (bits >> 10) & 31u, fraction = bits & 1023u;
  float magnitude;
  if (exponent == 31) {
    magnitude = std::bit_cast<float>(0x7F800000u | fraction << 13);
  } else if (exponent == 0) {
    magnitude = std::ldexp(static_cast<float>(fraction), -24);
  } else {
    magnitude = std::bit_cast<float>((exponent + 112) << 23 | fraction << 13);
  }
  return (bits & 0x8000u) != 0 ? -magnitude : magnitude;
}

/// Calls visit(double) for each element of `data` in order. int64 beyond 2^53 is rounded.
template <class Visit>
void for_each_element(core::DType dtype, std::span<const std::byte> data, Visit visit) {
  const auto walk = [&]<class T>(T, auto convert) {
    for (std::size_t at = 0; at + sizeof(T) <= data.size(); at += sizeof(T)) {
      T element;
      std::memcpy(&element, data.data() + at, sizeof(T));
      visit(static_cast<double>(convert(element)));
    }
  };
  const auto same = [](auto element) { return element; };
  switch (dtype) {
    case core::DType::Float32:
      return walk(float{}, same);
    case core::DType::Float64:
      return walk(double{}, same);
    case core::DType::Float16:
      return walk(std::uint16_t{}, float16_to_float);
    case core::DType::BFloat16:
      return walk(std::uint16_t{}, bfloat16_to_float);
    case core::DType::UInt8:
    case core::DType::Bool:
      return walk(std::uint8_t{}, same);
    case core::DType::Int8:
      return walk(std::int8_t{}, same);
    case core::DType::Int16:
      return walk(std::int16_t{}, same);
    case core::DType::Int32:
      return walk(std::int32_t{}, same);
    case core::DType::Int64:
      return walk(std::int64_t{}, same);
  }
}

}  // namespace terse::inspect
