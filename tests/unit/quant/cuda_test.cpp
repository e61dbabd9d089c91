// The affine codec on a GPU gives the CPU's bytes and values. Exits 77, skipped, where there is no device.

#include <cuda_runtime_api.h>

#include <cstdio>
#include <limits>
#include <stdexcept>

#include "quant_tensors.hpp"
#include "terse/core/error.hpp"
#include "terse/quant/cuda.hpp"

using namespace terse;
using namespace terse::quant;
using namespace terse::quant::test;

namespace {

int failures = 0;

void check(bool good, const char* what, const Layout& layout) {
  if (good) return;
  ++failures;
  std::printf("FAILED: %s: %s, %llu elements, %d levels, group %u\n", what,
              std::string(core::to_string(layout.dtype)).c_str(),
              static_cast<unsigned long long>(layout.count), layout.levels, layout.group);
}

void must(cudaError_t status) {
  if (status != cudaSuccess) throw std::runtime_error(cudaGetErrorString(status));
}

/// Bytes on the device.
class DeviceBytes {
 public:
  explicit DeviceBytes(std::size_t size) : size_(size) { must(cudaMalloc(&at_, size + 1)); }
  explicit DeviceBytes(const std::vector<std::byte>& bytes) : DeviceBytes(bytes.size()) {
    must(cudaMemcpy(at_, bytes.data(), size_, cudaMemcpyHostToDevice));
  }
  DeviceBytes(const DeviceBytes&) = delete;
  DeviceBytes& operator=(const DeviceBytes&) = delete;
  ~DeviceBytes() { cudaFree(at_); }
  void* get() const { return at_; }
  std::span<std::byte> span() const { return {static_cast<std::byte*>(at_), size_}; }
  std::vector<std::byte> fetch() const {
    std::vector<std::byte> bytes(size_);
    must(cudaMemcpy(bytes.data(), at_, size_, cudaMemcpyDeviceToHost));
    return bytes;
  }

 private:
  void* at_ = nullptr;
  std::size_t size_;
};

std::vector<std::byte> elements(core::DType dtype, std::size_t count) {
  const auto source = normals(count, 77, 1);
  if (dtype == core::DType::Float32) return bytes_of(source);
  if (dtype == core::DType::Float64) return bytes_of(std::vector<double>(source.begin(), source.end()));
  std::vector<std::byte> x(2 * count);
  from_float32(dtype, source.data(), count, x.data());
  return x;
}

void compare(const Layout& layout) {
  const core::RandomKey key{5, 6, 7};
  const auto x = elements(layout.dtype, layout.count);
  const Encoded e = encoded(x.data(), layout, key);
  std::vector<std::byte> values(x.size());
  decode(layout, e.payload, e.metadata, values.data());
  const DeviceBytes on_device(x), payload(e.payload.size()), metadata(e.metadata.size()), out(x.size());
  check(cuda_try_encode(on_device.get(), layout, key, payload.span(), metadata.span()), "fits", layout);
  check(metadata.fetch() == e.metadata, "metadata", layout);
  check(payload.fetch() == e.payload, "payload", layout);
  cuda_decode(layout, payload.span(), metadata.span(), out.get());
  must(cudaDeviceSynchronize());
  check(out.fetch() == values, "values", layout);
}

void refuses_nan(core::DType dtype) {
  auto x = elements(dtype, 3000);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const double wide = std::numeric_limits<double>::quiet_NaN();
  const std::size_t size = core::size_of(dtype);
  if (size == 8) std::memcpy(&x[2000 * size], &wide, size);
  if (size == 4) std::memcpy(&x[2000 * size], &nan, size);
  if (size == 2) from_float32(dtype, &nan, 1, &x[2000 * size]);
  const Layout layout = affine(3000, 16, false, 256, dtype);
  const DeviceBytes on_device(x), payload(payload_bytes(layout)), metadata(metadata_bytes(layout));
  check(!cuda_try_encode(on_device.get(), layout, {}, payload.span(), metadata.span()), "NaN is refused",
        layout);
}

}  // namespace

int main() {
  if (cuda_device_count() == 0) {
    std::puts("no CUDA device: skipped");
    return 77;
  }
  for (const auto dtype :
       {core::DType::Float32, core::DType::Float16, core::DType::BFloat16, core::DType::Float64}) {
    for (const int levels : {2, 3, 4, 6, 16, 23, 256}) {
      for (const std::uint32_t group : {16u, 208u, 256u, 1024u}) {
        for (const std::size_t count : {0, 1, 300, 4096, 100'003}) {
          compare(affine(count, levels, levels % 2 != 0, group, dtype));
        }
      }
    }
    if (dtype != core::DType::Float16) refuses_nan(dtype);
  }
  std::printf("%d failures\n", failures);
  return failures == 0 ? 0 : 1;
}
