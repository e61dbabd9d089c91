#include "terse/core/dtype.hpp"

#include <string>

#include "terse/core/error.hpp"

namespace terse::core {

namespace {
constexpr std::string_view kNames[kDTypeCount] = {"float32", "float16", "bfloat16", "float64", "uint8",
                                                  "int8",    "int16",   "int32",    "int64",   "bool"};
}

std::string_view to_string(DType dtype) { return kNames[static_cast<int>(dtype)]; }

DType dtype_from_string(std::string_view name) {
  for (int i = 0; i < kDTypeCount; ++i) {
    if (kNames[i] == name) return static_cast<DType>(i);
  }
  throw Error(Error::BadInput, "unknown element type '" + std::string(name) + "'");
}

}  // namespace terse::core
