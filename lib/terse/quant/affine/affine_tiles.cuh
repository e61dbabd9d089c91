#pragma once

#include <cstddef>
#include <cstdint>

#include "terse/quant/affine/affine_lane.hpp"
#include "terse/quant/lanes/rest.hpp"

// Affine on a GPU for any levels and groups, and for what is left over from affine_warp.cuh's chunks: one
// pass for the scales, one for the codes.

namespace terse::quant::gpu {

inline constexpr unsigned kWarp = 32;
inline constexpr unsigned kThreads = 128;  ///< of a block of any kernel
inline constexpr unsigned kWarps = kThreads / kWarp;
inline constexpr unsigned kTiles = kThreads / kLanes;  ///< tiles that a block works on at a time

inline __device__ std::uint64_t magnitude_of(float x) { return __float_as_uint(x) & 0x7FFFFFFFu; }
inline __device__ std::uint64_t magnitude_of(double x) {
  return static_cast<std::uint64_t>(__double_as_longlong(x)) & 0x7FFFFFFFFFFFFFFFull;
}

/// Raises `magnitude` to the largest of a block's threads, with one access to it: thousands would wait for
/// each other.
inline __device__ void raise_magnitude(unsigned long long* magnitude, unsigned long long largest) {
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
inline __device__ unsigned tile_threads() { return 0xFFFFu << (threadIdx.x % kWarp / kLanes * kLanes); }

/// Scales of the groups from `first` on, a warp a group; raises `magnitude` to the bits of the largest |x|, a
/// NaN being the largest.
template <class T>
__global__ void __launch_bounds__(kThreads) scale_groups(const AffinePlan plan, const T* x, std::byte* metadata,
                                                         unsigned long long* magnitude, std::uint64_t first) {
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
    if (lane == 0) store_scale(plan, metadata, group, lane::make_scale(low, high, plan.steps, plan.margin, plan.wide));
  }
  raise_magnitude(magnitude, largest);
}

/// The tiles from `first` on, a thread a lane of a tile.
template <class T>
__global__ void __launch_bounds__(kThreads) encode_tiles(const AffinePlan plan, const T* x, const std::byte* metadata,
                                                         std::byte* payload, std::uint64_t first, std::uint64_t tiles) {
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
    lane::decode_tile_lane(plan, whole ? reinterpret_cast<const std::uint32_t*>(from) : words, metadata, tile, j, out);
  }
}

}  // namespace terse::quant::gpu
