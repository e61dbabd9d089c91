#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <type_traits>

#include "terse/core/error.hpp"
#include "terse/quant/affine_warp.cuh"
#include "terse/quant/cuda.hpp"
#include "terse/quant/rest.hpp"

namespace terse::quant {

namespace {

using warp::kWarp;

constexpr unsigned kThreads = 128;
constexpr unsigned kWarps = kThreads / kWarp;
constexpr unsigned kTiles = kThreads / kLanes;  // tiles that a block works on at a time
constexpr std::uint64_t kMostBlocks = 1 << 20;

void check(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  const auto code = status == cudaErrorMemoryAllocation ? Error::Code::OutOfMemory : Error::Code::Internal;
  throw Error(code, std::string("CUDA: ") + what + ": " + cudaGetErrorString(status));
}

__device__ std::uint64_t magnitude_of(float x) { return __float_as_uint(x) & 0x7FFFFFFFu; }
__device__ std::uint64_t magnitude_of(double x) {
  return static_cast<std::uint64_t>(__double_as_longlong(x)) & 0x7FFFFFFFFFFFFFFFull;
}

/// Raises `magnitude` to the largest of a block's threads, with one access to it: thousands would wait for each other.
__device__ void raise_magnitude(unsigned long long* magnitude, unsigned long long largest) {
  __shared__ unsigned long long of_warp[kWarps];
  for (unsigned step = kWarp / 2; step != 0; step /= 2) {
    largest = max(largest, __shfl_xor_sync(~0u, largest, step));
  }
  if (threadIdx.x % kWarp == 0) of_warp[threadIdx.x / kWarp] = largest;
  __syncthreads();
  if (threadIdx.x != 0) return;
  for (unsigned i = 1; i < kWarps; ++i) largest = max(largest, of_warp[i]);
  atomicMax(magnitude, largest);
}

/// The threads of a warp that work on the same tile.
__device__ unsigned tile_threads() { return 0xFFFFu << (threadIdx.x % kWarp / kLanes * kLanes); }

// ---- Any levels and groups: one pass for the scales, one for the codes ----

/// Scales of the groups from `first` on, a warp a group; raises `magnitude` to the bits of the largest |x|, a NaN
/// being the largest.
template <class T>
__global__ void __launch_bounds__(kThreads)
    scale_groups(const AffinePlan plan, const T* x, std::byte* metadata, unsigned long long* magnitude,
                 std::uint64_t first) {
  using Real = lane::RealOf<T>;
  const std::uint64_t warps = std::uint64_t{gridDim.x} * kWarps;
  const unsigned lane = threadIdx.x % kWarp;
  std::uint64_t largest = 0;
  for (std::uint64_t group = first + (std::uint64_t{blockIdx.x} * kThreads + threadIdx.x) / kWarp;
       group < plan.groups(); group += warps) {
    const std::uint64_t begin = group * plan.group, left = plan.count - begin;
    const std::uint64_t end = begin + (left < plan.group ? left : plan.group);
    Real low = lane::to_real(x[begin]), high = low;
#pragma unroll 8
    for (std::uint64_t i = begin + lane; i < end; i += kWarp) {
      const Real value = lane::to_real(x[i]);
      low = value < low ? value : low;
      high = value > high ? value : high;
      largest = max(largest, magnitude_of(value));
    }
    for (unsigned step = kWarp / 2; step != 0; step /= 2) {
      const Real other_low = __shfl_xor_sync(~0u, low, step), other_high = __shfl_xor_sync(~0u, high, step);
      low = other_low < low ? other_low : low;
      high = other_high > high ? other_high : high;
    }
    if (lane == 0) store_scale(plan, metadata, group, lane::make_scale(low, high, plan.grid.levels, plan.wide));
  }
  raise_magnitude(magnitude, largest);
}

/// The tiles from `first` on, a thread a lane of a tile.
template <class T>
__global__ void __launch_bounds__(kThreads)
    encode_tiles(const AffinePlan plan, const T* x, const std::byte* metadata, std::byte* payload,
                 std::uint64_t first, std::uint64_t tiles) {
  __shared__ std::uint32_t words[2 * kLanes];
  __shared__ TileCodes codes;
  const unsigned j = threadIdx.x % kLanes;
  for (std::uint64_t tile = first + std::uint64_t{blockIdx.x} * kTiles + threadIdx.x / kLanes; tile < tiles;
       tile += std::uint64_t{gridDim.x} * kTiles) {
    std::byte* to = payload + lane::tile_offset(plan.grid, tile);
    const std::uint64_t size = lane::tile_size(plan, tile);
    const bool whole = size == plan.grid.tile();
    lane::encode_tile_lane(plan, x, metadata, tile, j, whole ? reinterpret_cast<std::uint32_t*>(to) : words);
    if (whole) continue;
    for (std::uint32_t i = j; i < plan.grid.tile_words(); i += kLanes) {
      rest::take_tile_word(plan.grid, words[i], i, codes);
    }
    __syncwarp(tile_threads());
    for (std::uint32_t i = j; i < plan.grid.tile_words(); i += kLanes) {
      rest::put_word(plan.grid, codes, size, i, to);
    }
  }
}

template <class T>
__global__ void __launch_bounds__(kThreads)
    decode_tiles(const AffinePlan plan, const std::byte* metadata, const std::byte* payload, std::uint64_t first,
                 std::uint64_t tiles, T* out) {
  __shared__ std::uint32_t words[2 * kLanes];
  __shared__ TileCodes codes;
  const unsigned j = threadIdx.x % kLanes;
  for (std::uint64_t tile = first + std::uint64_t{blockIdx.x} * kTiles + threadIdx.x / kLanes; tile < tiles;
       tile += std::uint64_t{gridDim.x} * kTiles) {
    const std::byte* from = payload + lane::tile_offset(plan.grid, tile);
    const std::uint64_t size = lane::tile_size(plan, tile);
    const bool whole = size == plan.grid.tile();
    if (!whole) {
      for (std::uint32_t i = j; i < plan.grid.tile_words(); i += kLanes) {
        rest::take_word(plan.grid, from, size, i, codes);
      }
      __syncwarp(tile_threads());
      for (std::uint32_t i = j; i < plan.grid.tile_words(); i += kLanes) {
        words[i] = rest::tile_word(plan.grid, codes, i);
      }
    }
    lane::decode_tile_lane(plan, whole ? reinterpret_cast<const std::uint32_t*>(from) : words, metadata, tile, j,
                           out);
  }
}

/// Where the layout is dithered, its stream.
__global__ void put_stream(const AffinePlan plan, std::byte* metadata) { store_stream(plan, metadata); }

// ---- Powers of two: one pass ----

template <class T, unsigned kBits>
__global__ void __launch_bounds__(kThreads)
    encode_chunks(const AffinePlan plan, const uint4* x, std::byte* metadata, std::uint32_t* payload,
                  std::uint64_t chunks, unsigned group_threads, unsigned long long* magnitude) {
  std::uint32_t largest = 0;
  const std::uint64_t warps = std::uint64_t{gridDim.x} * kWarps;
  for (std::uint64_t chunk = std::uint64_t{blockIdx.x} * kWarps + threadIdx.x / kWarp; chunk < chunks;
       chunk += warps) {
    warp::encode_chunk<T, kBits>(plan, x, chunk, group_threads, metadata, payload, largest);
  }
  raise_magnitude(magnitude, largest);
}

template <class T, unsigned kBits, bool kDithered>
__global__ void __launch_bounds__(kThreads)
    decode_chunks(const AffinePlan plan, const std::byte* metadata, const std::uint32_t* payload,
                  std::uint64_t chunks, unsigned group_threads, uint4* out) {
  lane::Stream stream{};
  if constexpr (kDithered) stream = load_stream(plan, metadata);
  const std::uint64_t warps = std::uint64_t{gridDim.x} * kWarps;
  for (std::uint64_t chunk = std::uint64_t{blockIdx.x} * kWarps + threadIdx.x / kWarp; chunk < chunks;
       chunk += warps) {
    warp::decode_chunk<T, kBits, kDithered>(plan, stream, metadata, payload, chunk, group_threads, out);
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

/// Chunks that warps take; what is left, or 0 chunks' worth, goes the general way.
template <class T>
std::uint64_t chunks_of(const AffinePlan& plan, const void* x, const std::byte* payload,
                        const std::byte* metadata) {
  if constexpr (std::is_same_v<T, double>) {
    return 0;
  } else {
    const bool good = warp::takes<T>(plan) && aligned(x, 16) && aligned(payload, 16) && aligned(metadata, 8);
    return good ? plan.count / warp::kChunk<T> : 0;
  }
}

/// As many blocks as run at once, or as the work needs where they are fewer.
template <class Kernel>
unsigned blocks_at_once(Kernel* kernel, std::uint64_t work, std::uint64_t a_block) {
  int device = 0, processors = 1, blocks = 1;
  check(cudaGetDevice(&device), "asking for the device");
  check(cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, device), "asking for its size");
  check(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, kernel, kThreads, 0), "asking for its size");
  const auto most = static_cast<std::uint64_t>(processors) * static_cast<std::uint64_t>(std::max(blocks, 1));
  return static_cast<unsigned>(std::min(most, (work + a_block - 1) / a_block));
}

unsigned blocks_for(std::uint64_t work, std::uint64_t a_block) {
  return static_cast<unsigned>(std::min(kMostBlocks, (work + a_block - 1) / a_block));
}

std::uint64_t tiles_of(const AffinePlan& plan) {
  return (plan.count + plan.grid.tile() - 1) / plan.grid.tile();
}

/// Queues an encoding. @param magnitude  raised to the bits of the largest |x|
template <class T>
void queue_encoding(const AffinePlan& plan, const T* x, std::byte* payload, std::byte* metadata,
                    unsigned long long* magnitude, cudaStream_t queue) {
  const std::uint64_t chunks = chunks_of<T>(plan, x, payload, metadata);
  std::uint64_t done = 0;
  if constexpr (!std::is_same_v<T, double>) {
    if (chunks != 0) {
      visit_bits(plan.grid.levels, [&](auto bits) {
        const auto kernel = encode_chunks<T, bits>;
        const auto group_threads = static_cast<unsigned>(plan.group / warp::kThreadElements<T>);
        kernel<<<blocks_at_once(kernel, chunks, kWarps), kThreads, 0, queue>>>(
            plan, reinterpret_cast<const uint4*>(x), metadata, reinterpret_cast<std::uint32_t*>(payload), chunks,
            group_threads, magnitude);
      });
      done = chunks * warp::kChunk<T>;
    }
  }
  if (done < plan.count) {
    const std::uint64_t group = done / plan.group, tile = done / plan.grid.tile();
    const unsigned scaling = blocks_at_once(scale_groups<T>, plan.groups() - group, kWarps);
    scale_groups<<<scaling, kThreads, 0, queue>>>(plan, x, metadata, magnitude, group);
    encode_tiles<<<blocks_for(tiles_of(plan) - tile, kTiles), kThreads, 0, queue>>>(plan, x, metadata, payload, tile,
                                                                                    tiles_of(plan));
  }
  if (plan.dithered) put_stream<<<1, 1, 0, queue>>>(plan, metadata);
  check(cudaGetLastError(), "starting to encode");
}

template <class T>
void queue_decoding(const AffinePlan& plan, const std::byte* payload, const std::byte* metadata, T* out,
                    cudaStream_t queue) {
  const std::uint64_t chunks = chunks_of<T>(plan, out, payload, metadata);
  std::uint64_t done = 0;
  if constexpr (!std::is_same_v<T, double>) {
    if (chunks != 0) {
      visit_bits(plan.grid.levels, [&](auto bits) {
        const auto kernel = plan.dithered ? decode_chunks<T, bits, true> : decode_chunks<T, bits, false>;
        const auto group_threads = static_cast<unsigned>(plan.group / warp::kThreadElements<T>);
        kernel<<<blocks_at_once(kernel, chunks, kWarps), kThreads, 0, queue>>>(
            plan, metadata, reinterpret_cast<const std::uint32_t*>(payload), chunks, group_threads,
            reinterpret_cast<uint4*>(out));
      });
      done = chunks * warp::kChunk<T>;
    }
  }
  if (done < plan.count) {
    const std::uint64_t tile = done / plan.grid.tile();
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
  if (layout.codec != Codec::Affine)
    throw Error(Error::Code::Usage, "CUDA: only the affine codec runs on a device");
  if (payload_size != payload_bytes(layout) || metadata_size != metadata_bytes(layout)) {
    throw Error(Error::Code::Usage, "CUDA: payload or metadata do not have the size of their layout");
  }
  if (reinterpret_cast<std::uintptr_t>(payload) % 4 != 0) {
    throw Error(Error::Code::Usage, "CUDA: payload does not begin on a multiple of 4 bytes");
  }
}

/// A number on the device and one in memory that the device can write, kept by each thread for each device it used:
/// allocating takes longer than encoding.
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
  unsigned long long* cleared(cudaStream_t stream) {
    check(cudaMemsetAsync(on_device_, 0, sizeof *on_device_, stream), "clearing");
    return on_device_;
  }
  std::uint64_t fetch(cudaStream_t stream) {
    check(cudaMemcpyAsync(on_host_, on_device_, sizeof *on_host_, cudaMemcpyDeviceToHost, stream),
          "reading the range");
    check(cudaStreamSynchronize(stream), "encoding");
    return *on_host_;
  }

 private:
  unsigned long long *on_device_ = nullptr, *on_host_ = nullptr;
};

bool fits(float, std::uint64_t magnitude) {
  return magnitude == 0 ||
         (magnitude >= lane::bits_of(lane::kSmallest) && magnitude <= lane::bits_of(lane::kLargest));
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

bool cuda_try_encode(const void* x, const Layout& layout, const core::RandomKey& key,
                     std::span<std::byte> payload, std::span<std::byte> metadata, void* stream) {
  check_arguments(layout, payload.data(), payload.size(), metadata.size());
  if (layout.count == 0) return true;
  const AffinePlan plan = make_plan(layout, key);
  const auto queue = static_cast<cudaStream_t>(stream);
  RangeCell& range = RangeCell::mine();
  unsigned long long* magnitude = range.cleared(queue);
  bool good = false;
  visit_floating(layout.dtype, [&]<class T>(T) {
    queue_encoding(plan, static_cast<const T*>(x), payload.data(), metadata.data(), magnitude, queue);
    good = fits(lane::RealOf<T>{}, range.fetch(queue));
  });
  return good;
}

void cuda_decode(const Layout& layout, std::span<const std::byte> payload,
                 std::span<const std::byte> metadata, void* out, void* stream) {
  check_arguments(layout, payload.data(), payload.size(), metadata.size());
  if (layout.count == 0) return;
  const AffinePlan plan = make_plan(layout);
  visit_floating(layout.dtype, [&]<class T>(T) {
    queue_decoding(plan, payload.data(), metadata.data(), static_cast<T*>(out),
                   static_cast<cudaStream_t>(stream));
  });
}

}  // namespace terse::quant
