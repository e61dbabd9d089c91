#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <type_traits>
#include <utility>

#include "terse/core/error.hpp"
#include "terse/quant/affine/affine_tiles.cuh"
#include "terse/quant/affine/affine_warp.cuh"
#include "terse/quant/affine/cuda.hpp"

namespace terse::quant {

namespace {

using namespace gpu;

constexpr std::uint64_t kMostBlocks = 1 << 20;

void check(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  const auto code = status == cudaErrorMemoryAllocation ? Error::Code::OutOfMemory : Error::Code::Internal;
  throw Error(code, std::string("CUDA: ") + what + ": " + cudaGetErrorString(status));
}

/// Where the layout is dithered, its stream.
__global__ void put_stream(const AffinePlan plan, std::byte* metadata) { store_stream(plan, metadata); }

__device__ std::uint64_t first_chunk() { return std::uint64_t{blockIdx.x} * kWarps + threadIdx.x / kWarp; }

template <class T, unsigned kBits>
__global__ void __launch_bounds__(kThreads)
    encode_chunks(const AffinePlan plan, const uint4* x, std::byte* metadata, std::uint32_t* payload,
                  std::uint64_t chunks, unsigned group_threads, unsigned long long* magnitude) {
  __shared__ warp::Stage stages[kWarps][2];
  std::uint32_t largest = 0;
  warp::for_chunks<T>(x, first_chunk(), chunks, std::uint64_t{gridDim.x} * kWarps, stages[threadIdx.x / kWarp],
                      [&](std::uint64_t chunk, const uint4(&rows)[lane::kSetRows]) {
                        const lane::Scale scale =
                            warp::scale_chunk<T>(plan, rows, chunk, group_threads, metadata, largest);
                        warp::encode_chunk<T, kBits>(plan, rows, scale, chunk, payload);
                      });
  raise_magnitude(magnitude, largest);
}

/// Scales of whole chunks, for any levels.
template <class T>
__global__ void __launch_bounds__(kThreads)
    scale_chunks(const AffinePlan plan, const uint4* x, std::byte* metadata, std::uint64_t chunks,
                 unsigned group_threads, unsigned long long* magnitude) {
  __shared__ warp::Stage stages[kWarps][2];
  std::uint32_t largest = 0;
  warp::for_chunks<T>(x, first_chunk(), chunks, std::uint64_t{gridDim.x} * kWarps, stages[threadIdx.x / kWarp],
                      [&](std::uint64_t chunk, const uint4(&rows)[lane::kSetRows]) {
                        warp::scale_chunk<T>(plan, rows, chunk, group_threads, metadata, largest);
                      });
  raise_magnitude(magnitude, largest);
}

template <class T, unsigned kBits, bool kDithered>
__global__ void __launch_bounds__(kThreads)
    decode_chunks(const AffinePlan plan, const std::byte* metadata, const std::uint32_t* payload, std::uint64_t chunks,
                  unsigned group_threads, uint4* out) {
  lane::Stream stream{};
  if constexpr (kDithered) stream = load_stream(plan, metadata);
  __shared__ warp::Stage stages[kWarps];
  for (std::uint64_t chunk = first_chunk(); chunk < chunks; chunk += std::uint64_t{gridDim.x} * kWarps) {
    warp::decode_chunk<T, kBits, kDithered>(plan, stream, metadata, payload, chunk, group_threads,
                                            stages[threadIdx.x / kWarp], out);
  }
}

/// Calls visit(std::integral_constant<unsigned, BITS>{}) with the bits of a power of two that a warp takes.
template <class Visitor>
void visit_bits(std::uint32_t levels, const Visitor& visit) {
  switch (levels) {
    case 2:
      return visit(std::integral_constant<unsigned, 1>{});
    case 4:
      return visit(std::integral_constant<unsigned, 2>{});
    case 16:
      return visit(std::integral_constant<unsigned, 4>{});
    default:
      return visit(std::integral_constant<unsigned, 8>{});
  }
}

bool aligned(const void* at, std::uintptr_t to) { return reinterpret_cast<std::uintptr_t>(at) % to == 0; }

/// Chunks of whole groups that lie where warps take them; what is left goes the general way.
template <class T>
std::uint64_t chunks_of(const AffinePlan& plan, const void* x, const std::byte* metadata) {
  const bool good = warp::takes_groups<T>(plan) && aligned(x, 16) && aligned(metadata, 8);
  return good ? plan.count / warp::kChunk<T> : 0;
}

bool takes_codes(const AffinePlan& plan, const std::byte* payload) {
  return warp::takes_levels(plan.grid) && aligned(payload, 16);
}

/// As many blocks as run at once, or as the work needs where they are fewer.
template <class Kernel>
unsigned blocks_at_once(Kernel* kernel, std::uint64_t work, std::uint64_t a_block) {
  thread_local std::map<std::pair<int, Kernel*>, unsigned> known;  // asking takes longer than starting a kernel
  int device = 0;
  check(cudaGetDevice(&device), "asking for the device");
  unsigned& most = known[{device, kernel}];
  if (most == 0) {
    int processors = 1, blocks = 1;
    check(cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, device), "asking for its size");
    check(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, kernel, kThreads, 0), "asking for its size");
    most = static_cast<unsigned>(processors * std::max(blocks, 1));
  }
  return static_cast<unsigned>(std::min<std::uint64_t>(most, (work + a_block - 1) / a_block));
}

unsigned blocks_for(std::uint64_t work, std::uint64_t a_block) {
  return static_cast<unsigned>(std::min(kMostBlocks, (work + a_block - 1) / a_block));
}

std::uint64_t tiles_of(const AffinePlan& plan) { return (plan.count + plan.grid.tile() - 1) / plan.grid.tile(); }

/// Queues an encoding. @param magnitude  raised to the bits of the largest |x|
template <class T>
void queue_encoding(const AffinePlan& plan, const T* x, std::byte* payload, std::byte* metadata,
                    unsigned long long* magnitude, cudaStream_t queue) {
  std::uint64_t scaled = 0, coded = 0;  // elements
  if constexpr (!std::is_same_v<T, double>) {
    if (const std::uint64_t chunks = chunks_of<T>(plan, x, metadata); chunks != 0) {
      const auto rows = reinterpret_cast<const uint4*>(x);
      const auto group_threads = static_cast<unsigned>(plan.group / warp::kThreadElements<T>);
      scaled = chunks * warp::kChunk<T>;
      if (takes_codes(plan, payload)) {
        visit_bits(plan.grid.levels, [&](auto bits) {
          const auto kernel = encode_chunks<T, bits>;
          kernel<<<blocks_at_once(kernel, chunks, kWarps), kThreads, 0, queue>>>(
              plan, rows, metadata, reinterpret_cast<std::uint32_t*>(payload), chunks, group_threads, magnitude);
        });
        coded = scaled;
      } else {
        scale_chunks<T><<<blocks_at_once(scale_chunks<T>, chunks, kWarps), kThreads, 0, queue>>>(
            plan, rows, metadata, chunks, group_threads, magnitude);
      }
    }
  }
  if (scaled < plan.count) {
    const std::uint64_t group = scaled / plan.group;
    scale_groups<<<blocks_at_once(scale_groups<T>, plan.groups() - group, kWarps), kThreads, 0, queue>>>(
        plan, x, metadata, magnitude, group);
  }
  if (coded < plan.count) {
    const std::uint64_t tile = coded / plan.grid.tile();
    encode_tiles<<<blocks_for(tiles_of(plan) - tile, kTiles), kThreads, 0, queue>>>(plan, x, metadata, payload, tile,
                                                                                    tiles_of(plan));
  }
  check(cudaGetLastError(), "starting to encode");
}

template <class T>
void queue_decoding(const AffinePlan& plan, const std::byte* payload, const std::byte* metadata, T* out,
                    cudaStream_t queue) {
  std::uint64_t decoded = 0;  // elements
  if constexpr (!std::is_same_v<T, double>) {
    const std::uint64_t chunks = takes_codes(plan, payload) ? chunks_of<T>(plan, out, metadata) : 0;
    if (chunks != 0) {
      visit_bits(plan.grid.levels, [&](auto bits) {
        const auto kernel = plan.dithered ? decode_chunks<T, bits, true> : decode_chunks<T, bits, false>;
        kernel<<<blocks_at_once(kernel, chunks, kWarps), kThreads, 0, queue>>>(
            plan, metadata, reinterpret_cast<const std::uint32_t*>(payload), chunks,
            static_cast<unsigned>(plan.group / warp::kThreadElements<T>), reinterpret_cast<uint4*>(out));
      });
      decoded = chunks * warp::kChunk<T>;
    }
  }
  if (decoded < plan.count) {
    const std::uint64_t tile = decoded / plan.grid.tile();
    decode_tiles<<<blocks_for(tiles_of(plan) - tile, kTiles), kThreads, 0, queue>>>(plan, metadata, payload, tile,
                                                                                    tiles_of(plan), out);
  }
  check(cudaGetLastError(), "starting to decode");
}

/// Calls visit(T{}) with the element type of a floating dtype.
template <class Visitor>
void visit_floating(core::DType dtype, const Visitor& visit) {
  switch (dtype) {
    case core::DType::Float32:
      return visit(float{});
    case core::DType::Float64:
      return visit(double{});
    case core::DType::Float16:
      return visit(lane::Float16{});
    default:
      return visit(lane::BFloat16{});
  }
}

void check_arguments(const Layout& layout, const std::byte* payload, std::size_t payload_size,
                     std::size_t metadata_size) {
  if (layout.codec != Codec::Affine) throw Error(Error::Code::Usage, "CUDA: only the affine codec runs on a device");
  if (payload_size != payload_bytes(layout) || metadata_size != metadata_bytes(layout)) {
    throw Error(Error::Code::Usage, "CUDA: payload or metadata do not have the size of their layout");
  }
  if (reinterpret_cast<std::uintptr_t>(payload) % 4 != 0) {
    throw Error(Error::Code::Usage, "CUDA: payload does not begin on a multiple of 4 bytes");
  }
}

/// Hands the range over to the host, and clears it for the next encoding.
__global__ void publish(unsigned long long* magnitude, unsigned long long* on_host) {
  *on_host = *magnitude;
  *magnitude = 0;
}

/// The range of an encoding, on the device and in memory of the host that the device writes. Each thread
/// keeps one for each device it used: allocating, or a copy, takes as long as encoding does.
class RangeCell {
 public:
  /// The calling thread's for the current device.
  static RangeCell& mine() {
    thread_local std::map<int, RangeCell> cells;
    int device = 0;
    check(cudaGetDevice(&device), "asking for the device");
    return cells.try_emplace(device).first->second;
  }
  RangeCell() {
    check(cudaMalloc(reinterpret_cast<void**>(&on_device_), sizeof *on_device_), "allocating");
    const cudaError_t status = cudaMallocHost(reinterpret_cast<void**>(&on_host_), sizeof *on_host_);
    if (status != cudaSuccess) cudaFree(on_device_);
    check(status, "allocating");
  }
  RangeCell(const RangeCell&) = delete;
  RangeCell& operator=(const RangeCell&) = delete;
  ~RangeCell() {  // may come after the driver has gone: no answer counts
    cudaFree(on_device_);
    cudaFreeHost(on_host_);
  }
  /// Zero when the work on the stream comes to it.
  unsigned long long* begin(cudaStream_t stream) {
    if (!clear_) check(cudaMemsetAsync(on_device_, 0, sizeof *on_device_, stream), "clearing");
    clear_ = false;
    return on_device_;
  }
  /// Waits for the stream.
  std::uint64_t fetch(cudaStream_t stream) {
    publish<<<1, 1, 0, stream>>>(on_device_, on_host_);
    check(cudaGetLastError(), "starting to encode");
    check(cudaStreamSynchronize(stream), "encoding");
    clear_ = true;
    return *on_host_;
  }

 private:
  unsigned long long *on_device_ = nullptr, *on_host_ = nullptr;
  bool clear_ = false;  // whether the last encoding came to its end
};

bool fits(float, std::uint64_t magnitude) {
  return magnitude == 0 || (magnitude >= lane::bits_of(lane::kSmallest) && magnitude <= lane::bits_of(lane::kLargest));
}

bool fits(double, std::uint64_t magnitude) {
  return magnitude == 0 || (magnitude >= std::bit_cast<std::uint64_t>(static_cast<double>(lane::kSmallest)) &&
                            magnitude <= std::bit_cast<std::uint64_t>(static_cast<double>(lane::kLargest)));
}

}  // namespace

int cuda_device_count() {
  int count = 0;
  return cudaGetDeviceCount(&count) == cudaSuccess ? count : 0;
}

bool cuda_try_encode(const void* x, const Layout& layout, const core::RandomKey& key, std::span<std::byte> payload,
                     std::span<std::byte> metadata, void* stream) {
  check_arguments(layout, payload.data(), payload.size(), metadata.size());
  const AffinePlan plan = make_plan(layout, key);
  const auto queue = static_cast<cudaStream_t>(stream);
  if (plan.dithered) {
    put_stream<<<1, 1, 0, queue>>>(plan, metadata.data());
    check(cudaGetLastError(), "starting to encode");
  }
  if (layout.count == 0) return true;
  RangeCell& range = RangeCell::mine();
  unsigned long long* magnitude = range.begin(queue);
  bool good = false;
  visit_floating(layout.dtype, [&]<class T>(T) {
    queue_encoding(plan, static_cast<const T*>(x), payload.data(), metadata.data(), magnitude, queue);
    good = fits(lane::RealOf<T>{}, range.fetch(queue));
  });
  return good;
}

void cuda_decode(const Layout& layout, std::span<const std::byte> payload, std::span<const std::byte> metadata,
                 void* out, void* stream) {
  check_arguments(layout, payload.data(), payload.size(), metadata.size());
  if (layout.count == 0) return;
  const AffinePlan plan = make_plan(layout);
  visit_floating(layout.dtype, [&]<class T>(T) {
    queue_decoding(plan, payload.data(), metadata.data(), static_cast<T*>(out), static_cast<cudaStream_t>(stream));
  });
}

}  // namespace terse::quant
