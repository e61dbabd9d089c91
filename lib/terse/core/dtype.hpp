#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace terse::core {

/// Element types of tensors in memory and in files. The values are written to files and never change.
enum class DType : std::uint8_t {
  Float32 = 0,
  Float16 = 1,
  BFloat16 = 2,
  Float64 = 3,
  UInt8 = 4,
  Int8 = 5,
  Int16 = 6,
  Int32 = 7,
  Int64 = 8,
  Bool = 9,
};

inline constexpr int kDTypeCount = 10;

/// Bytes of one element.
constexpr std::size_t size_of(DType dtype) {
  constexpr std::size_t kSizes[kDTypeCount] = {4, 2, 2, 8, 1, 1, 2, 4, 8, 1};
  return kSizes[static_cast<int>(dtype)];
}

constexpr bool is_floating(DType dtype) { return static_cast<int>(dtype) <= 3; }

/// "float32", "bfloat16", "int64", … as PyTorch and numpy say it.
std::string_view to_string(DType dtype);

/// The inverse of to_string. @throws Error::BadInput for an unknown name
DType dtype_from_string(std::string_view name);

}  // namespace terse::core
