// Bytes per second of the affine codec on a GPU, as a ratio to a device-to-device copy of the same tensor in
// the same run. Usage: quant_cuda_bench [MEBIBYTES [REPEATS]]; rates count bytes of the tensor, not of what
// is stored. An encoding's time includes that of its answer, whether the elements fit, on the way to the
// host.

#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "terse/core/philox.hpp"
#include "terse/quant/affine/cuda.hpp"
#include "terse/quant/lanes/convert.hpp"

using namespace terse;

namespace {

void must(cudaError_t status) {
  if (status != cudaSuccess) throw std::runtime_error(cudaGetErrorString(status));
}

class DeviceBytes {
 public:
  explicit DeviceBytes(std::size_t size) : size_(size) {
    must(cudaMalloc(&at_, size));
    must(cudaMemset(at_, 0xA5, size));
  }
  DeviceBytes(const DeviceBytes&) = delete;
  DeviceBytes& operator=(const DeviceBytes&) = delete;
  ~DeviceBytes() { cudaFree(at_); }
  std::byte* get() const { return static_cast<std::byte*>(at_); }
  std::span<std::byte> span() const { return {get(), size_}; }

 private:
  void* at_ = nullptr;
  std::size_t size_;
};

class Event {
 public:
  Event() { must(cudaEventCreate(&event_)); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { cudaEventDestroy(event_); }
  cudaEvent_t get() const { return event_; }

 private:
  cudaEvent_t event_ = nullptr;
};

double seconds_of(const std::function<void()>& work) {
  const Event start, end;
  must(cudaEventRecord(start.get()));
  work();
  must(cudaEventRecord(end.get()));
  must(cudaEventSynchronize(end.get()));
  float milliseconds = 0;
  must(cudaEventElapsedTime(&milliseconds, start.get(), end.get()));
  return static_cast<double>(milliseconds) * 1e-3;
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

/// Normal numbers, a megabyte or so of them over and over.
void fill(core::DType dtype, const DeviceBytes& x) {
  std::vector<float> source(1 << 19);
  core::RandomSequence random({1, 2, 3});
  for (float& value : source) value = static_cast<float>(random.normal());
  std::vector<std::byte> elements(source.size() * core::size_of(dtype));
  if (dtype == core::DType::Float32) {
    std::memcpy(elements.data(), source.data(), elements.size());
  } else {
    quant::from_float32(dtype, source.data(), source.size(), elements.data());
  }
  const std::span<std::byte> to = x.span();
  for (std::size_t i = 0; i < to.size(); i += elements.size()) {
    must(cudaMemcpy(&to[i], elements.data(), std::min(elements.size(), to.size() - i), cudaMemcpyHostToDevice));
  }
}

quant::Layout affine(core::DType dtype, std::uint64_t count, int levels, bool dithered) {
  quant::Layout layout;
  layout.codec = quant::Codec::Affine;
  layout.dtype = dtype;
  layout.count = count;
  layout.levels = static_cast<std::uint16_t>(levels);
  layout.dithered = dithered;
  return layout;
}

void run(const quant::Layout& layout, const DeviceBytes& x, const DeviceBytes& out, int repeats) {
  const DeviceBytes payload(quant::payload_bytes(layout)), metadata(quant::metadata_bytes(layout));
  const std::size_t size = x.span().size();
  std::vector<double> copies, encodes, decodes;
  bool fits = true;
  for (int i = -2; i < repeats; ++i) {
    const core::RandomKey key{1, 2, static_cast<std::uint32_t>(i + 2)};
    const double copy = seconds_of([&] { must(cudaMemcpyAsync(out.get(), x.get(), size, cudaMemcpyDeviceToDevice)); });
    const double encode = seconds_of(
        [&] { fits = quant::cuda_try_encode(x.get(), layout, key, payload.span(), metadata.span()) && fits; });
    const double decode = seconds_of([&] { quant::cuda_decode(layout, payload.span(), metadata.span(), out.get()); });
    if (i < 0) continue;  // the first rounds load the kernels
    copies.push_back(copy);
    encodes.push_back(encode);
    decodes.push_back(decode);
  }
  const double bytes = static_cast<double>(size), copy = median(copies), encode = median(encodes),
               decode = median(decodes);
  std::printf("%s %d levels%s\t%.4f\t%.0f\t%.0f\t%.0f\t%.2f\t%.2f%s\n",
              std::string(core::to_string(layout.dtype)).c_str(), static_cast<int>(layout.levels),
              layout.dithered ? " dithered" : "",
              static_cast<double>(payload.span().size() + metadata.span().size()) / bytes, bytes / copy * 1e-9,
              bytes / encode * 1e-9, bytes / decode * 1e-9, copy / encode, copy / decode, fits ? "" : "\tDOES NOT FIT");
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (quant::cuda_device_count() == 0) {
    std::fputs("quant_cuda_bench: no CUDA device\n", stderr);
    return 77;
  }
  const std::size_t bytes = (argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 256) << 20;
  const int repeats = argc > 2 ? std::max(1, std::atoi(argv[2])) : 21;
  cudaDeviceProp device;
  must(cudaGetDeviceProperties(&device, 0));
  std::printf("# %s, %zu MiB, medians of %d\n", device.name, bytes >> 20, repeats);
  std::puts("#tensor\tstored\tcopy_GB/s\tencode_GB/s\tdecode_GB/s\tencode/copy\tdecode/copy");
  const DeviceBytes x(bytes), out(bytes);
  for (const auto dtype : {core::DType::Float32, core::DType::BFloat16, core::DType::Float16}) {
    fill(dtype, x);
    const std::uint64_t count = bytes / core::size_of(dtype);
    for (const int levels : {2, 4, 16, 256}) run(affine(dtype, count, levels, false), x, out, repeats);
    for (const int levels : {3, 6}) run(affine(dtype, count, levels, false), x, out, repeats);
    run(affine(dtype, count, 16, true), x, out, repeats);
  }
  return 0;
}
