#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "terse/core/bytes.hpp"
#include "terse/core/dtype.hpp"

namespace terse::formats {

/// What a tensor is, without its elements: name unique within its artifact, row-major, rank ≤ 8.
struct TensorInfo {
  std::string name;
  core::DType dtype = core::DType::Float32;
  std::vector<std::int64_t> shape;

  /// Bytes of the elements. @throws Error::BadInput on overflow
  std::uint64_t bytes() const;
  bool operator==(const TensorInfo&) const = default;
};

/// A tensor with its elements in little-endian order.
struct Tensor {
  TensorInfo info;
  core::Bytes data;

  template <class T>
  std::span<const T> as() const {
    return {reinterpret_cast<const T*>(data.data()), data.size() / sizeof(T)};
  }
  template <class T>
  std::span<T> as() {
    return {reinterpret_cast<T*>(data.data()), data.size() / sizeof(T)};
  }
};

/// A tensor whose elements lie elsewhere and outlive the view: what writers take, so that weights are not copied.
struct TensorView {
  TensorInfo info;
  std::span<const std::byte> data;

  TensorView(TensorInfo i, std::span<const std::byte> d) : info(std::move(i)), data(d) {}
  TensorView(const Tensor& tensor) : info(tensor.info), data(tensor.data) {}
};

/// A float32 tensor from values. @throws Error::Internal where shape and count disagree
Tensor make_tensor(std::string name, std::vector<std::int64_t> shape, std::span<const float> values);
Tensor make_tensor(std::string name, std::vector<std::int64_t> shape, std::span<const double> values);
Tensor make_tensor(std::string name, std::vector<std::int64_t> shape, std::span<const std::int32_t> values);
Tensor make_tensor(std::string name, std::vector<std::int64_t> shape, std::span<const std::int64_t> values);

}  // namespace terse::formats
