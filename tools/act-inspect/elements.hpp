#pragma once

#include <cstdint>
#include <cstring>
#include <span>

#include "terse/core/bytes.hpp"
#include "terse/core/dtype.hpp"
#include "terse/quant/lanes/lane.hpp"

namespace terse::tools::act_inspect {

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
      return walk(std::uint16_t{}, quant::lane::from_float16);
    case core::DType::BFloat16:
      return walk(std::uint16_t{}, quant::lane::from_bfloat16);
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

}  // namespace terse::tools::act_inspect
