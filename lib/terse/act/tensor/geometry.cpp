#include "terse/act/tensor/geometry.hpp"

#include <ATen/EmptyTensor.h>
#include <ATen/ExpandUtils.h>

namespace terse::act {

namespace {

constexpr std::int64_t kWidestSpread = 2;  // stretch of memory to elements, up to which gaps are restored

std::int64_t span_of(const std::vector<std::int64_t>& sizes, const std::vector<std::int64_t>& strides) {
  std::int64_t last = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] == 0) return 0;
    last += (sizes[i] - 1) * strides[i];
  }
  return last + 1;
}

std::int64_t product(const std::vector<std::int64_t>& sizes) {
  std::int64_t count = 1;
  for (const std::int64_t size : sizes) count *= size;
  return count;
}

}  // namespace

std::vector<std::int64_t> Geometry::distinct_sizes() const {
  auto distinct = sizes;
  for (std::size_t i = 0; i < distinct.size(); ++i) {
    if (strides[i] == 0 && distinct[i] > 1) distinct[i] = 1;
  }
  return distinct;
}

Geometry Geometry::of(const at::Tensor& tensor) {
  Geometry geometry;
  geometry.sizes = tensor.sizes().vec();
  geometry.strides = tensor.strides().vec();
  const std::int64_t span = span_of(geometry.sizes, geometry.strides);
  const auto sizes = geometry.distinct_sizes();
  const std::int64_t count = product(sizes);
  if (span <= count) {
    geometry.encoded_strides = geometry.strides;
    geometry.encoded_count = geometry.restored_span = span;
    return geometry;
  }
  geometry.has_gaps = true;
  geometry.encoded_strides = at::infer_dense_strides(sizes, geometry.strides);
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (geometry.strides[i] == 0) geometry.encoded_strides[i] = 0;
  }
  geometry.encoded_count = count;
  geometry.restored_span = span;
  if (span > kWidestSpread * count) {
    geometry.strides = geometry.encoded_strides;
    geometry.restored_span = count;
  }
  return geometry;
}

at::Tensor compact(const at::Tensor& tensor, const Geometry& geometry) {
  const at::NoGradGuard no_grad;
  const auto sizes = geometry.distinct_sizes();
  const at::Tensor source = tensor.detach().as_strided(sizes, tensor.strides());
  return at::empty_strided(sizes, geometry.encoded_strides, tensor.options()).copy_(source);
}

at::Tensor view_of(const c10::Storage& storage, at::ScalarType type, const std::vector<std::int64_t>& sizes,
                   const std::vector<std::int64_t>& strides, std::int64_t offset) {
  at::Tensor tensor = at::detail::make_tensor<at::TensorImpl>(
      c10::Storage(storage), c10::DispatchKeySet(c10::DispatchKey::CPU), c10::scalarTypeToTypeMeta(type));
  tensor.unsafeGetTensorImpl()->set_sizes_and_strides(sizes, strides, offset);
  return tensor;
}

}  // namespace terse::act
