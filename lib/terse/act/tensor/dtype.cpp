#include "terse/act/tensor/dtype.hpp"

#include <utility>

namespace terse::act {

namespace {
constexpr std::pair<core::DType, at::ScalarType> kTypes[core::kDTypeCount] = {
    {core::DType::Float32, at::kFloat},  {core::DType::Float16, at::kHalf}, {core::DType::BFloat16, at::kBFloat16},
    {core::DType::Float64, at::kDouble}, {core::DType::UInt8, at::kByte},   {core::DType::Int8, at::kChar},
    {core::DType::Int16, at::kShort},    {core::DType::Int32, at::kInt},    {core::DType::Int64, at::kLong},
    {core::DType::Bool, at::kBool}};
}

std::optional<core::DType> from_torch(at::ScalarType type) {
  for (const auto& [ours, theirs] : kTypes) {
    if (theirs == type) return ours;
  }
  return std::nullopt;
}

at::ScalarType to_torch(core::DType type) { return kTypes[static_cast<int>(type)].second; }

}  // namespace terse::act
