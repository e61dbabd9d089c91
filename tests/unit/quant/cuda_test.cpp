// The affine codec on a GPU gives the CPU's bytes and values. Exits 77, skipped, where there is no device.
// Usage: quant_cuda_test [MOST_ELEMENTS]; fewer for a run under compute-sanitizer.

#include <cuda_runtime_api.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <stdexcept>

#include "quant_tensors.hpp"
#include "terse/core/error.hpp"
#include "terse/quant/affine/cuda.hpp"

using namespace terse;
using namespace terse::quant;
using namespace terse::quant::test;

namespace {

constexpr std::size_t kMostElements = 500'000;
int failures = 0;

void check(bool good, const char* what, const Layout& layout) {
  if (good) return;
  ++failures;
  std::printf("FAILED: %s: %s, %llu elements, %d levels, group %u%s%s\n", what,
              std::string(core::to_string(layout.dtype)).c_str(), static_cast<unsigned long long>(layout.count),
              layout.levels, layout.group, layout.wide_scales ? ", wide" : "", layout.dithered ? ", dithered" : "");
}

void must(cudaError_t status) {
  if (status != cudaSuccess) throw std::runtime_error(cudaGetErrorString(status));
}

/// Bytes on the device, `offset` after the beginning of an allocation; all 0xA5 at first. What lies around
/// them must stay.
class DeviceBytes {
 public:
  explicit DeviceBytes(std::size_t size, std::size_t offset = 0) : size_(size), offset_(offset) {
    must(cudaMalloc(&at_, size + offset + kAfter));
    must(cudaMemset(at_, kPoison, size + offset + kAfter));
  }
  explicit DeviceBytes(const std::vector<std::byte>& bytes, std::size_t offset = 0)
      : DeviceBytes(bytes.size(), offset) {
    must(cudaMemcpy(get(), bytes.data(), size_, cudaMemcpyHostToDevice));
  }
  DeviceBytes(const DeviceBytes&) = delete;
  DeviceBytes& operator=(const DeviceBytes&) = delete;
  ~DeviceBytes() { cudaFree(at_); }
  std::byte* get() const { return static_cast<std::byte*>(at_) + offset_; }
  std::span<std::byte> span() const { return {get(), size_}; }
  std::vector<std::byte> fetch() const {
    std::vector<std::byte> bytes(offset_ + size_ + kAfter);
    must(cudaMemcpy(bytes.data(), at_, bytes.size(), cudaMemcpyDeviceToHost));
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      if ((i < offset_ || i >= offset_ + size_) && bytes[i] != std::byte{kPoison}) {
        throw std::runtime_error("bytes around a buffer were written");
      }
    }
    return {bytes.begin() + static_cast<std::ptrdiff_t>(offset_), bytes.end() - kAfter};
  }

 private:
  static constexpr std::ptrdiff_t kAfter = 16;
  static constexpr unsigned char kPoison = 0xA5;
  void* at_ = nullptr;
  std::size_t size_, offset_;
};

std::vector<std::byte> elements(core::DType dtype, std::size_t count) {
  static const auto all = normals(kMostElements, 77, 1);
  const std::vector<float> source(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count));
  if (dtype == core::DType::Float32) return bytes_of(source);
  if (dtype == core::DType::Float64) return bytes_of(std::vector<double>(source.begin(), source.end()));
  std::vector<std::byte> x(2 * count);
  from_float32(dtype, source.data(), count, x.data());
  return x;
}

/// @param offset  elements that tensors begin after an allocation, and groups of 4 bytes that stored bytes do
void compare(const Layout& layout, const std::vector<std::byte>& x, std::size_t offset = 0) {
  const core::RandomKey key{5, 6, 7};
  const Encoded e = encoded(x.data(), layout, key);
  std::vector<std::byte> values(x.size());
  decode(layout, e.payload, e.metadata, values.data());
  const std::size_t shift = offset * core::size_of(layout.dtype);
  const DeviceBytes on_device(x, shift), payload(e.payload.size(), 4 * offset);
  const DeviceBytes metadata(e.metadata.size(), 4 * offset), out(x.size(), shift);
  check(cuda_try_encode(on_device.get(), layout, key, payload.span(), metadata.span()), "fits", layout);
  check(metadata.fetch() == e.metadata, "metadata", layout);
  check(payload.fetch() == e.payload, "payload", layout);
  cuda_decode(layout, payload.span(), metadata.span(), out.get());
  must(cudaDeviceSynchronize());
  check(out.fetch() == values, "values", layout);
}

void compare(const Layout& layout, std::size_t offset = 0) {
  compare(layout, elements(layout.dtype, layout.count), offset);
}

/// Every value that fits: rounding to 16 bits and back, denormal numbers, signs of zero, saturation.
void compare_all(core::DType dtype, int levels) {
  std::vector<std::uint16_t> x;
  for (std::uint32_t bits = 0; bits < 1 << 16; ++bits) {
    const auto element = static_cast<std::uint16_t>(bits);
    float value = 0;
    to_float32(dtype, &element, 1, &value);
    if (std::fabs(value) <= std::ldexp(1.0F, 124)) x.push_back(element);
  }
  for (const bool dither : {false, true}) {
    Layout layout = affine(x.size(), levels, false, 256, dtype);
    layout.dithered = dither;
    compare(layout, bytes_of(x));
  }
}

/// An element at `at` that is no number, too large, or that alone is not zero and too small.
void refuses(core::DType dtype, std::size_t at) {
  constexpr std::size_t kCount = 6000;
  const auto refused = [&](std::vector<std::byte> x, double value, const char* what) {
    const std::size_t size = core::size_of(dtype);
    const auto narrow = static_cast<float>(value);
    std::uint16_t half = 0;
    if (dtype == core::DType::Float16) {
      half = std::isnan(value) ? 0x7E00 : 0x7C00;  // what from_float32 would not write
    } else if (size == 2) {
      from_float32(dtype, &narrow, 1, &half);
    }
    if (size == 8) std::memcpy(&x[at * size], &value, size);
    if (size == 4) std::memcpy(&x[at * size], &narrow, size);
    if (size == 2) std::memcpy(&x[at * size], &half, size);
    const Layout layout = affine(kCount, 16, false, 256, dtype);
    const DeviceBytes on_device(x), payload(payload_bytes(layout)), metadata(metadata_bytes(layout));
    check(!cuda_try_encode(on_device.get(), layout, {}, payload.span(), metadata.span()), what, layout);
  };
  refused(elements(dtype, kCount), std::numeric_limits<double>::quiet_NaN(), "NaN is refused");
  refused(elements(dtype, kCount), std::numeric_limits<double>::infinity(), "an infinity is refused");
  if (dtype == core::DType::Float16) return;
  refused(elements(dtype, kCount), -std::ldexp(1.0, 125), "a large number is refused");
  refused(std::vector<std::byte>(kCount * core::size_of(dtype)), std::ldexp(1.0, -101), "a small one is refused");
}

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  const std::size_t most = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : kMostElements;
  if (cuda_device_count() == 0) {
    std::puts("no CUDA device: skipped");
    return 77;
  }
  for (const auto dtype : {core::DType::Float32, core::DType::Float16, core::DType::BFloat16, core::DType::Float64}) {
    for (const int levels : {2, 3, 4, 6, 8, 16, 23, 256}) {
      for (const std::uint32_t group : {16u, 64u, 128u, 208u, 256u, 512u, 1024u, 2048u}) {
        for (const std::size_t count : {std::size_t{0}, std::size_t{1}, std::size_t{300}, std::size_t{4096},
                                        std::size_t{5001}, std::size_t{100'003}, kMostElements}) {
          if (count > most || (count == kMostElements && group != 256)) continue;
          Layout layout = affine(count, levels, (levels + group / 128) % 2 != 0, group, dtype);
          compare(layout);
          layout.dithered = true;
          compare(layout);
          if (group == 256 && count <= 5001) compare(layout, 1);
        }
      }
    }
    for (const std::size_t at : {0, 2000, 5999}) refuses(dtype, at);
  }
  for (const auto dtype : {core::DType::Float16, core::DType::BFloat16}) {
    if (most < 1 << 16) continue;
    for (const int levels : {2, 16, 256}) compare_all(dtype, levels);
  }
  std::printf("%d failures\n", failures);
  return failures == 0 ? 0 : 1;
}
