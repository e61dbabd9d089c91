#pragma once

#include <cstdint>

#include "terse/core/dtype.hpp"
#include "terse/core/error.hpp"

namespace terse::quant {

/// Calls visit(T{}) with the C++ type of an integer dtype. @throws Error::Internal for a floating one
template <class Visitor>
auto visit_integer(core::DType dtype, const Visitor& visit) {
  switch (dtype) {
    case core::DType::UInt8:
    case core::DType::Bool:
      return visit(std::uint8_t{});
    case core::DType::Int8:
      return visit(std::int8_t{});
    case core::DType::Int16:
      return visit(std::int16_t{});
    case core::DType::Int32:
      return visit(std::int32_t{});
    case core::DType::Int64:
      return visit(std::int64_t{});
    default:
      throw Error(Error::Code::Internal, "a floating type where an integer type was expected");
  }
}

/// Calls visit(U{}) with the unsigned type of a dtype's width: elements as bit patterns.
template <class Visitor>
auto visit_bits(core::DType dtype, const Visitor& visit) {
  switch (core::size_of(dtype)) {
    case 1:
      return visit(std::uint8_t{});
    case 2:
      return visit(std::uint16_t{});
    case 4:
      return visit(std::uint32_t{});
    default:
      return visit(std::uint64_t{});
  }
}

}  // namespace terse::quant
