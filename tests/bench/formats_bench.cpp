// Speed of writing and reading a tensor as an artifact, beside plain zstd of the same bytes in the same run.
// Usage: formats_bench [MEGABYTES] [REPEATS]
#include <zstd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>

#include "terse/core/parallel.hpp"
#include "terse/core/philox.hpp"
#include "terse/formats/artifact/artifact.hpp"

using namespace terse;

namespace {

/// What dumps and models hold, as bytes.
struct Workload {
  const char* name;
  std::function<void(core::RandomSequence&, core::Bytes&)> fill;
};

void fill_noise(core::RandomSequence& random, core::Bytes& bytes) {
  for (std::byte& b : bytes) b = static_cast<std::byte>(random.word());
}

/// Two 4-bit codes a byte of normal values whose group of 256 spans about ±2.8 sigma.
void fill_codes(core::RandomSequence& random, core::Bytes& bytes) {
  const auto code = [&] { return static_cast<unsigned>(std::clamp(random.normal() / 2.8 * 7.5 + 8.0, 0.0, 15.0)); };
  for (std::byte& b : bytes) b = static_cast<std::byte>(code() | code() << 4);
}

/// A ReLU mask with runs.
void fill_mask(core::RandomSequence& random, core::Bytes& bytes) {
  for (std::byte& b : bytes) b = static_cast<std::byte>(random.uniform() < 0.6 ? 0 : random.word() & random.word());
}

void fill_weights(core::RandomSequence& random, core::Bytes& bytes) {
  auto* values = reinterpret_cast<float*>(bytes.data());
  for (std::size_t i = 0; i < bytes.size() / sizeof(float); ++i) values[i] = static_cast<float>(0.02 * random.normal());
}

/// Counts and forgets.
class NullSink : public core::ByteSink {
 public:
  NullSink() : ByteSink("null") {}
  void write(std::span<const std::byte> bytes) override { written += bytes.size(); }
  void finish() override {}
  std::uint64_t written = 0;
};

/// The fastest of the repeats: what else the machine does only ever adds.
double best_seconds(int repeats, const std::function<void()>& body) {
  double best = INFINITY;
  for (int i = 0; i < repeats; ++i) {
    const auto start = std::chrono::steady_clock::now();
    body();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

void write_artifact(core::ByteSink& sink, const core::Bytes& bytes) {
  formats::ArtifactWriter writer(sink, {});
  writer.tensor({"tensor", core::DType::UInt8, {static_cast<std::int64_t>(bytes.size())}}, bytes);
  writer.finish();
}

struct Rates {
  double write = 0, read = 0, ratio = 0;  // MB/s of raw bytes; raw to stored
};

Rates measure_artifact(const core::Bytes& bytes, int repeats, int threads) {
  core::set_threads(threads);
  NullSink null;
  const double write = best_seconds(repeats, [&] {
    null.written = 0;
    write_artifact(null, bytes);
  });
  core::Bytes artifact;
  artifact.reserve(null.written);
  write_artifact(*core::memory_sink(artifact), bytes);
  const double read = best_seconds(repeats, [&] {
    formats::ArtifactReader reader(core::memory_source(artifact, "bench"));
    reader.next();
    if (reader.tensor().data.size() != bytes.size()) std::abort();
    reader.next();
  });
  const auto size = static_cast<double>(bytes.size());
  return {size / write / 1e6, size / read / 1e6, size / static_cast<double>(null.written)};
}

Rates measure_zstd(const core::Bytes& bytes, int repeats) {
  const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(), &ZSTD_freeCCtx);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, 1);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  core::Bytes packed(ZSTD_compressBound(bytes.size()));
  std::size_t size = 0;
  const double write = best_seconds(
      repeats, [&] { size = ZSTD_compress2(context.get(), packed.data(), packed.size(), bytes.data(), bytes.size()); });
  const double read = best_seconds(repeats, [&] {
    core::Bytes fresh(bytes.size());
    if (ZSTD_decompress(fresh.data(), fresh.size(), packed.data(), size) != bytes.size()) std::abort();
  });
  const auto raw = static_cast<double>(bytes.size());
  return {raw / write / 1e6, raw / read / 1e6, raw / static_cast<double>(size)};
}

void print(const char* workload, const char* what, const Rates& rates, const Rates& zstd) {
  std::printf("%s\t%s\t%.0f\t%.0f\t%.3f\t%.2f\t%.2f\n", workload, what, rates.write, rates.read, rates.ratio,
              rates.write / zstd.write, rates.read / zstd.read);
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t megabytes = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 64;
  const int repeats = argc > 2 ? std::atoi(argv[2]) : 5;
  const Workload workloads[] = {
      {"noise", fill_noise}, {"codes4", fill_codes}, {"mask", fill_mask}, {"weights", fill_weights}};
  std::printf("#workload\twhat\twrite_MB/s\tread_MB/s\tratio\twrite/zstd\tread/zstd\n");
  for (const Workload& workload : workloads) {
    core::Bytes bytes(megabytes << 20);
    core::RandomSequence random({.seed = 1, .stream = 1, .step = 1});
    workload.fill(random, bytes);
    const Rates zstd = measure_zstd(bytes, repeats);
    print(workload.name, "zstd -1", zstd, zstd);
    print(workload.name, "artifact -j1", measure_artifact(bytes, repeats, 1), zstd);
    print(workload.name, "artifact -j2", measure_artifact(bytes, repeats, 2), zstd);
  }
}
