// Bytes per second of encode and decode, per codec, as a ratio to memcpy of the same tensor in the same run.
// Usage: quant_bench [MEBIBYTES [REPEATS [THREADS]]]; rates count bytes of the tensor, not of what is stored.

#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "terse/core/parallel.hpp"
#include "terse/core/philox.hpp"
#include "terse/quant/codec.hpp"
#include "terse/quant/lanes/simd_target.hpp"

using namespace terse;

namespace {

/// Of one thread the processor time, which other work on the machine disturbs less; else the time on the clock.
double now() {
  timespec time;
  clock_gettime(core::threads() == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double seconds_of(const std::function<void()>& work) {
  const double start = now();
  work();
  return now() - start;
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

/// `count` elements of dtype made from normal numbers by `shape`.
std::vector<std::byte> tensor(core::DType dtype, std::size_t count, const std::function<double(double)>& shape) {
  constexpr std::size_t kPeriod = 1 << 16;  // drawing millions of normal numbers would take longer than the bench
  core::RandomSequence random({1, 2, 3});
  const std::size_t size = core::size_of(dtype);
  std::vector<std::byte> bytes(count * size);
  for (std::size_t i = 0; i < std::min(count, kPeriod); ++i) {
    const double x = shape(random.normal());
    const auto put = [&](auto value) { std::memcpy(bytes.data() + i * size, &value, size); };
    switch (dtype) {
      case core::DType::Float32:
        put(static_cast<float>(x));
        break;
      case core::DType::Float64:
        put(x);
        break;
      case core::DType::Int64:
        put(static_cast<std::int64_t>(x));
        break;
      default: {
        std::uint32_t bits;
        const float value = static_cast<float>(x);
        std::memcpy(&bits, &value, sizeof bits);
        put(static_cast<std::uint16_t>(bits >> 16));
      }
    }
  }
  for (std::size_t i = kPeriod; i < count; ++i) std::memcpy(&bytes[i * size], &bytes[(i - kPeriod) * size], size);
  return bytes;
}

struct Case {
  std::string name;
  std::vector<std::byte> x;
  quant::Layout layout;
};

struct Timed {
  std::vector<double> copy, survey, encode, decode;
};

void run(const Case& c, int repeats) {
  std::vector<std::byte> payload(quant::payload_bytes(c.layout)), metadata(quant::metadata_bytes(c.layout));
  std::vector<std::byte> out(c.x.size());
  Timed timed;
  bool fits = true;
  for (int i = -1; i < repeats; ++i) {
    const double copy = seconds_of([&] { std::memcpy(out.data(), c.x.data(), out.size()); });
    const double survey = seconds_of([&] { quant::survey(c.x.data(), c.layout.count, c.layout.dtype); });
    const double encode = seconds_of([&] {
      fits = quant::try_encode(c.x.data(), c.layout, {1, 2, static_cast<std::uint32_t>(i)}, payload, metadata) && fits;
    });
    const double decode = seconds_of([&] { quant::decode(c.layout, payload, metadata, out.data()); });
    if (i < 0) continue;  // the first round touches the pages
    timed.copy.push_back(copy);
    timed.survey.push_back(survey);
    timed.encode.push_back(encode);
    timed.decode.push_back(decode);
  }
  const double bytes = static_cast<double>(c.x.size()), copy = median(timed.copy);
  std::printf("%s\t%.4f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f%s\n", c.name.c_str(),
              static_cast<double>(payload.size() + metadata.size()) / bytes, bytes / copy * 1e-9,
              bytes / median(timed.survey) * 1e-9, bytes / median(timed.encode) * 1e-9,
              bytes / median(timed.decode) * 1e-9, copy / median(timed.survey), copy / median(timed.encode),
              copy / median(timed.decode), fits ? "" : "\tDOES NOT FIT");
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t bytes = (argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 64) << 20;
  const int repeats = argc > 2 ? std::atoi(argv[2]) : 15;
  core::set_threads(argc > 3 ? std::atoi(argv[3]) : 1);
  std::printf("# SIMD target %s, %zu MiB, %d threads, medians of %d\n", std::string(quant::simd_target()).c_str(),
              bytes >> 20, core::threads(), repeats);
  std::printf(
      "#codec\tstored\tmemcpy_GB/s\tsurvey_GB/s\tencode_GB/s\tdecode_GB/s\tsurvey/memcpy\tencode/memcpy\t"
      "decode/memcpy\n");
  const auto normal = [](double x) { return x; };
  const auto affine = [&](const char* name, core::DType dtype, int levels) {
    Case c{name, tensor(dtype, bytes / core::size_of(dtype), normal), {}};
    const std::uint64_t count = bytes / core::size_of(dtype);
    c.layout = quant::choose_layout(c.x.data(), count, dtype, {.levels = levels});
    run(c, repeats);
  };
  const auto lossless = [&](const char* name, core::DType dtype, const std::function<double(double)>& shape) {
    Case c{name, tensor(dtype, bytes / core::size_of(dtype), shape), {}};
    const std::uint64_t count = bytes / core::size_of(dtype);
    c.layout = quant::lossless_layout(quant::survey(c.x.data(), count, dtype), count, dtype);
    run(c, repeats);
  };
  affine("affine 1 bit", core::DType::Float32, 2);
  affine("affine 2 bits", core::DType::Float32, 4);
  affine("affine 4 bits", core::DType::Float32, 16);
  affine("affine 8 bits", core::DType::Float32, 256);
  affine("affine 3 levels", core::DType::Float32, 3);
  affine("affine 6 levels", core::DType::Float32, 6);
  affine("affine 4 bits bfloat16", core::DType::BFloat16, 16);
  affine("affine 4 bits float16", core::DType::Float16, 16);
  affine("affine 4 bits float64", core::DType::Float64, 16);
  lossless("mask float32", core::DType::Float32, [](double x) { return x > 0 ? 2.0 : 0.0; });
  lossless("integer int64", core::DType::Int64, [](double x) { return std::min(2047.0, std::abs(x) * 500); });
  Case sign{"sign float32", tensor(core::DType::Float32, bytes / 4, normal), {}};
  sign.layout.codec = quant::Codec::Sign;
  sign.layout.count = bytes / 4;
  run(sign, repeats);
}
