#include "terse/formats/artifact/tensor.hpp"

#include <bit>
#include <cstring>

#include "terse/core/checked.hpp"
#include "terse/core/error.hpp"

namespace terse::formats {

static_assert(std::endian::native == std::endian::little, "tensors are written as they lie in memory");

namespace {

[[noreturn]] void refuse_count(const TensorInfo& info) {
  throw Error(Error::Internal, "tensor '" + info.name + "': shape and number of values disagree");
}

template <class T>
Tensor make(std::string name, core::DType dtype, std::vector<std::int64_t> shape, std::span<const T> values) {
  Tensor tensor{{std::move(name), dtype, std::move(shape)}, {}};
  if (tensor.info.bytes() != values.size_bytes()) refuse_count(tensor.info);
  tensor.data.resize(values.size_bytes());
  if (!values.empty()) std::memcpy(tensor.data.data(), values.data(), values.size_bytes());
  return tensor;
}

}  // namespace

std::uint64_t TensorInfo::bytes() const {
  return core::checked_multiply(core::checked_numel(shape, "tensor '" + name + "'"), core::size_of(dtype),
                                "tensor '" + name + "'");
}

Tensor make_tensor(std::string name, std::vector<std::int64_t> shape, std::span<const float> values) {
  return make(std::move(name), core::DType::Float32, std::move(shape), values);
}
Tensor make_tensor(std::string name, std::vector<std::int64_t> shape, std::span<const double> values) {
  return make(std::move(name), core::DType::Float64, std::move(shape), values);
}
Tensor make_tensor(std::string name, std::vector<std::int64_t> shape, std::span<const std::int32_t> values) {
  return make(std::move(name), core::DType::Int32, std::move(shape), values);
}
Tensor make_tensor(std::string name, std::vector<std::int64_t> shape, std::span<const std::int64_t> values) {
  return make(std::move(name), core::DType::Int64, std::move(shape), values);
}

}  // namespace terse::formats
