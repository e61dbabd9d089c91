#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "terse/core/error.hpp"
#include "terse/quant/affine_lane.hpp"
#include "terse/quant/cuda.hpp"
#include "terse/quant/rest.hpp"

namespace terse::quant {

namespace {

constexpr unsigned kThreads = 128;
constexpr unsigned kTiles = kThreads / kLanes;  // tiles that a block works on at a time
constexpr unsigned kWarp = 32;
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

/// Scales of all groups, a warp a group; raises `magnitude` to the bits of the largest |x|, a NaN being the
/// largest.
template <class T>
__global__ void scale_groups(const AffinePlan plan, const T* x, std::byte* metadata,
                             unsigned long long* magnitude) {
  using Real = lane::RealOf<T>;
  const std::uint64_t warps = std::uint64_t{gridDim.x} * (kThreads / kWarp);
  const unsigned lane = threadIdx.x % kWarp;
  for (std::uint64_t group = (std::uint64_t{blockIdx.x} * kThreads + threadIdx.x) / kWarp;
       group < plan.groups(); group += warps) {
    const std::uint64_t begin = group * plan.group, left = plan.count - begin;
    const std::uint64_t end = begin + (left < plan.group ? left : plan.group);
    Real low = lane::to_real(x[begin]), high = low;
    std::uint64_t largest = 0;
    for (std::uint64_t i = begin + lane; i < end; i += kWarp) {
      const Real value = lane::to_real(x[i]);
      low = value < low ? value : low;
      high = value > high ? value : high;
      const std::uint64_t bits = magnitude_of(value);
      largest = bits > largest ? bits : largest;
    }
    for (unsigned step = kWarp / 2; step != 0; step /= 2) {
      const Real other_low = __shfl_xor_sync(~0u, low, step), other_high = __shfl_xor_sync(~0u, high, step);
      const std::uint64_t other = __shfl_xor_sync(~0u, static_cast<unsigned long long>(largest), step);
      low = other_low < low ? other_low : low;
      high = other_high > high ? other_high : high;
      largest = other > largest ? other : largest;
    }
    if (lane == 0) {
      store_scale(plan, metadata, group, lane::make_scale(low, high, plan.grid.levels, plan.wide));
      atomicMax(magnitude, static_cast<unsigned long long>(largest));
      if (plan.dithered && group == 0) store_stream(plan, metadata);
    }
  }
}

/// A thread a lane of a tile.
template <class T>
__global__ void encode_tiles(const AffinePlan plan, const T* x, const std::byte* metadata, std::byte* payload,
                             std::uint64_t tiles) {
  __shared__ std::uint32_t words[kTiles][2 * kLanes];
  const unsigned mine = threadIdx.x / kLanes, j = threadIdx.x % kLanes;
  for (std::uint64_t base = std::uint64_t{blockIdx.x} * kTiles; base < tiles;
       base += std::uint64_t{gridDim.x} * kTiles) {
    const std::uint64_t tile = base + mine;
    const bool whole = tile < tiles && lane::tile_size(plan, tile) == plan.grid.tile();
    if (tile < tiles) lane::encode_tile_lane(plan, x, metadata, tile, j, words[mine]);
    __syncthreads();
    std::byte* to = payload + lane::tile_offset(plan.grid, tile);
    if (whole) {
      for (unsigned w = 0; w < plan.grid.words; ++w) {
        reinterpret_cast<std::uint32_t*>(to)[w * kLanes + j] = words[mine][w * kLanes + j];
      }
    } else if (tile < tiles && j == 0) {
      pack_rest(plan.grid, words[mine], lane::tile_size(plan, tile), to);
    }
    __syncthreads();
  }
}

template <class T>
__global__ void decode_tiles(const AffinePlan plan, const std::byte* metadata, const std::byte* payload,
                             std::uint64_t tiles, T* out) {
  __shared__ std::uint32_t words[kTiles][2 * kLanes];
  const unsigned mine = threadIdx.x / kLanes, j = threadIdx.x % kLanes;
  for (std::uint64_t base = std::uint64_t{blockIdx.x} * kTiles; base < tiles;
       base += std::uint64_t{gridDim.x} * kTiles) {
    const std::uint64_t tile = base + mine;
    const bool whole = tile < tiles && lane::tile_size(plan, tile) == plan.grid.tile();
    const std::byte* from = payload + lane::tile_offset(plan.grid, tile);
    if (whole) {
      for (unsigned w = 0; w < plan.grid.words; ++w) {
        words[mine][w * kLanes + j] = reinterpret_cast<const std::uint32_t*>(from)[w * kLanes + j];
      }
    } else if (tile < tiles && j == 0) {
      unpack_rest(plan.grid, from, lane::tile_size(plan, tile), words[mine]);
    }
    __syncthreads();
    if (tile < tiles) lane::decode_tile_lane(plan, words[mine], metadata, tile, j, out);
    __syncthreads();
  }
}

unsigned blocks_for(std::uint64_t work, std::uint64_t a_block) {
  return static_cast<unsigned>(std::min(kMostBlocks, (work + a_block - 1) / a_block));
}

std::uint64_t tiles_of(const AffinePlan& plan) {
  return (plan.count + plan.grid.tile() - 1) / plan.grid.tile();
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

/// One number on the device for the time of a call.
class DeviceNumber {
 public:
  explicit DeviceNumber(cudaStream_t stream) : stream_(stream) {
    check(cudaMallocAsync(reinterpret_cast<void**>(&at_), sizeof *at_, stream), "allocating");
    check(cudaMemsetAsync(at_, 0, sizeof *at_, stream), "clearing");
  }
  DeviceNumber(const DeviceNumber&) = delete;
  DeviceNumber& operator=(const DeviceNumber&) = delete;
  ~DeviceNumber() { cudaFreeAsync(at_, stream_); }
  unsigned long long* get() const { return at_; }
  std::uint64_t fetch() const {
    unsigned long long value = 0;
    check(cudaMemcpyAsync(&value, at_, sizeof value, cudaMemcpyDeviceToHost, stream_), "reading the range");
    check(cudaStreamSynchronize(stream_), "encoding");
    return value;
  }

 private:
  cudaStream_t stream_;
  unsigned long long* at_ = nullptr;
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
  const DeviceNumber magnitude(queue);
  bool good = false;
  visit_floating(layout.dtype, [&]<class T>(T) {
    const T* elements = static_cast<const T*>(x);
    scale_groups<<<blocks_for(plan.groups(), kThreads / kWarp), kThreads, 0, queue>>>(
        plan, elements, metadata.data(), magnitude.get());
    encode_tiles<<<blocks_for(tiles_of(plan), kTiles), kThreads, 0, queue>>>(plan, elements, metadata.data(),
                                                                             payload.data(), tiles_of(plan));
    check(cudaGetLastError(), "starting to encode");
    good = fits(lane::RealOf<T>{}, magnitude.fetch());
  });
  return good;
}

void cuda_decode(const Layout& layout, std::span<const std::byte> payload,
                 std::span<const std::byte> metadata, void* out, void* stream) {
  check_arguments(layout, payload.data(), payload.size(), metadata.size());
  if (layout.count == 0) return;
  const AffinePlan plan = make_plan(layout);
  visit_floating(layout.dtype, [&]<class T>(T) {
    decode_tiles<<<blocks_for(tiles_of(plan), kTiles), kThreads, 0, static_cast<cudaStream_t>(stream)>>>(
        plan, metadata.data(), payload.data(), tiles_of(plan), static_cast<T*>(out));
    check(cudaGetLastError(), "starting to decode");
  });
}

}  // namespace terse::quant
