#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <type_traits>

#include "terse/quant/affine_lane.hpp"

// Affine where levels are 2, 4, 16 or 256 and groups a power of two: a warp encodes a chunk of whole groups and tiles
// with each element read once, 16 bytes at a time, and decodes it likewise. The operations are those of lane.hpp.

namespace terse::quant::warp {

inline constexpr unsigned kWarp = 32;
inline constexpr unsigned kSlab = lane::kSetRows * kLanes;  ///< elements that one set of Philox blocks serves

/// Adjacent lanes of a slab that a thread works on: 16 bytes of each row.
template <class T>
inline constexpr unsigned kWidth = 16 / sizeof(T);
template <class T>
inline constexpr unsigned kThreadElements = lane::kSetRows * kWidth<T>;
template <class T>
inline constexpr unsigned kChunk = kWarp * kThreadElements<T>;

constexpr bool takes(const Grid& grid) {
  return grid.levels == 2 || grid.levels == 4 || grid.levels == 16 || grid.levels == 256;
}

/// Whether a warp's chunk of T consists of whole groups and each group of whole threads' parts.
template <class T>
constexpr bool takes(const AffinePlan& plan) {
  return takes(plan.grid) && plan.group >= kSlab && kChunk<T> % plan.group == 0;
}

// ---- 16 bytes of a row ----

inline __device__ void unpack(const uint4& row, float (&values)[4], float) {
  values[0] = __uint_as_float(row.x), values[1] = __uint_as_float(row.y);
  values[2] = __uint_as_float(row.z), values[3] = __uint_as_float(row.w);
}

inline __device__ void unpack(const uint4& row, float (&values)[8], lane::BFloat16) {
  const std::uint32_t pairs[4] = {row.x, row.y, row.z, row.w};
  for (unsigned i = 0; i < 4; ++i) {
    values[2 * i] = __uint_as_float(pairs[i] << 16);
    values[2 * i + 1] = __uint_as_float(pairs[i] & 0xFFFF0000u);
  }
}

inline __device__ void unpack(const uint4& row, float (&values)[8], lane::Float16) {
  const std::uint32_t pairs[4] = {row.x, row.y, row.z, row.w};
  for (unsigned i = 0; i < 4; ++i) {
    values[2 * i] = __half2float(__ushort_as_half(static_cast<unsigned short>(pairs[i])));
    values[2 * i + 1] = __half2float(__ushort_as_half(static_cast<unsigned short>(pairs[i] >> 16)));
  }
}

inline __device__ uint4 pack(const float (&values)[4], float) {
  return {__float_as_uint(values[0]), __float_as_uint(values[1]), __float_as_uint(values[2]),
          __float_as_uint(values[3])};
}

inline __device__ std::uint32_t pair_of(float low, float high, lane::BFloat16) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  const __nv_bfloat162 pair = __floats2bfloat162_rn(low, high);
  return __bfloat16_as_ushort(pair.x) | std::uint32_t{__bfloat16_as_ushort(pair.y)} << 16;
#else
  return lane::to_bfloat16(low) | std::uint32_t{lane::to_bfloat16(high)} << 16;
#endif
}

inline __device__ std::uint32_t pair_of(float low, float high, lane::Float16) {
  constexpr float kMost = 65504;  // as lane::to_float16: never an infinity
  const __half2 pair = __floats2half2_rn(fminf(fmaxf(low, -kMost), kMost), fminf(fmaxf(high, -kMost), kMost));
  return __half_as_ushort(pair.x) | std::uint32_t{__half_as_ushort(pair.y)} << 16;
}

template <class T>
__device__ uint4 pack(const float (&values)[8], T kind) {
  return {pair_of(values[0], values[1], kind), pair_of(values[2], values[3], kind),
          pair_of(values[4], values[5], kind), pair_of(values[6], values[7], kind)};
}

// ---- Where a thread works ----

/// The part of a chunk that is a thread's: kWidth adjacent lanes of one slab.
template <class T>
struct Part {
  std::uint64_t slab;   ///< of the tensor
  unsigned first_lane;  ///< of its lanes
  __device__ Part(std::uint64_t chunk, unsigned thread)
      : slab(chunk * (kWarp * kWidth<T> / kLanes) + thread * kWidth<T> / kLanes),
        first_lane(thread * kWidth<T> % kLanes) {}
  /// Its 16 bytes of row v, as an index into the tensor by 16 bytes.
  __device__ std::uint64_t row(unsigned v) const {
    return (slab * kSlab + v * kLanes + first_lane) / kWidth<T>;
  }
  /// Philox block of its lane l.
  __device__ std::uint64_t block(unsigned l) const { return slab * kLanes + first_lane + l; }
};

/// How the codes of a slab lie in the words of its tile.
template <unsigned kBits>
struct Place {
  static constexpr unsigned kSlabBits = kBits * lane::kSetRows;                  ///< of a lane
  static constexpr unsigned kSlabs = kSlabBits < 32 ? 32 / kSlabBits : 1;        ///< that share their words
  static constexpr unsigned kWords = kSlabBits < 32 ? 1 : kSlabBits / 32;        ///< of a lane
  static constexpr unsigned kRows = lane::kSetRows / kWords;                     ///< of a slab in a word
  /// Word w of a lane, as an index into the payload.
  static __device__ std::uint64_t word(std::uint64_t slab, unsigned w, unsigned lane) {
    return (slab / kSlabs * kWords + w) * kLanes + lane;
  }
};

inline __device__ void store_pair(const AffinePlan& plan, std::byte* metadata, std::uint64_t group,
                                  const lane::Scale& scale) {
  if (plan.wide) {
    reinterpret_cast<float2*>(metadata)[group] = {scale.minimum, scale.step};
  } else {
    reinterpret_cast<std::uint32_t*>(metadata)[group] =
        lane::bits_of(scale.minimum) >> 16 | (lane::bits_of(scale.step) & 0xFFFF0000u);
  }
}

inline __device__ lane::Scale load_pair(const AffinePlan& plan, const std::byte* metadata, std::uint64_t group) {
  if (plan.wide) {
    const float2 pair = __ldg(reinterpret_cast<const float2*>(metadata) + group);
    return {pair.x, pair.y};
  }
  const std::uint32_t pair = __ldg(reinterpret_cast<const std::uint32_t*>(metadata) + group);
  return {lane::float_of(pair << 16), lane::float_of(pair & 0xFFFF0000u)};
}

// ---- Encoding ----

/// Encodes a chunk. @param group_threads  threads whose parts are a group
/// @param largest  raised to the bits of the largest |x| of the thread's part, a NaN being the largest
template <class T, unsigned kBits>
__device__ void encode_chunk(const AffinePlan& plan, const uint4* x, std::uint64_t chunk, unsigned group_threads,
                             std::byte* metadata, std::uint32_t* payload, std::uint32_t& largest) {
  constexpr unsigned width = kWidth<T>;
  using Tile = Place<kBits>;
  const unsigned thread = threadIdx.x % kWarp;
  const Part<T> part(chunk, thread);
  uint4 rows[lane::kSetRows];
#pragma unroll
  for (unsigned v = 0; v < lane::kSetRows; ++v) rows[v] = __ldcs(x + part.row(v));
  float low = __int_as_float(0x7F800000), high = -low;
#pragma unroll
  for (unsigned v = 0; v < lane::kSetRows; ++v) {
    float values[width];
    unpack(rows[v], values, T{});
#pragma unroll
    for (unsigned l = 0; l < width; ++l) {
      low = fminf(low, values[l]);
      high = fmaxf(high, values[l]);
      largest = max(largest, __float_as_uint(values[l]) & 0x7FFFFFFFu);
    }
  }
  for (unsigned step = 1; step < group_threads; step *= 2) {
    low = fminf(low, __shfl_xor_sync(~0u, low, step));
    high = fmaxf(high, __shfl_xor_sync(~0u, high, step));
  }
  const lane::Scale scale = lane::make_scale(low, high, 1u << kBits, plan.wide);
  const float inverse = lane::inverse_step<float>(scale);
  if (thread % group_threads == 0) {
    store_pair(plan, metadata, (chunk * kWarp + thread) / group_threads, scale);
  }
  std::uint32_t words[Tile::kWords][width];
#pragma unroll
  for (unsigned l = 0; l < width; ++l) {
    std::uint32_t block[4];
    lane::philox(plan.stream, part.block(l), block);
#pragma unroll
    for (unsigned w = 0; w < Tile::kWords; ++w) {
      std::uint32_t word = 0;
#pragma unroll
      for (unsigned k = 0; k < Tile::kRows; ++k) {
        const unsigned v = w * Tile::kRows + k;
        float values[width];
        unpack(rows[v], values, T{});
        word |= lane::code_of(values[l], scale.minimum, inverse, 1u << kBits, lane::offset_of(block, v))
                << (k * kBits);
      }
      words[w][l] = word;
    }
  }
  const unsigned place = static_cast<unsigned>(part.slab % Tile::kSlabs);
  if constexpr (Tile::kSlabs > 1) {
#pragma unroll
    for (unsigned l = 0; l < width; ++l) {
      std::uint32_t& word = words[0][l];
      word <<= place * Tile::kSlabBits;
#pragma unroll
      for (unsigned slab = 1; slab < Tile::kSlabs; slab *= 2) {
        word |= __shfl_xor_sync(~0u, word, slab * kLanes / width);
      }
    }
  }
  if (place != 0) return;
#pragma unroll
  for (unsigned w = 0; w < Tile::kWords; ++w) {
#pragma unroll
    for (unsigned l = 0; l < width; l += 4) {
      *reinterpret_cast<uint4*>(payload + Tile::word(part.slab, w, part.first_lane + l)) = {
          words[w][l], words[w][l + 1], words[w][l + 2], words[w][l + 3]};
    }
  }
}

// ---- Decoding ----

template <class T, unsigned kBits, bool kDithered>
__device__ void decode_chunk(const AffinePlan& plan, const lane::Stream& stream, const std::byte* metadata,
                             const std::uint32_t* payload, std::uint64_t chunk, unsigned group_threads, uint4* out) {
  constexpr unsigned width = kWidth<T>;
  using Tile = Place<kBits>;
  const unsigned thread = threadIdx.x % kWarp;
  const Part<T> part(chunk, thread);
  std::uint32_t words[Tile::kWords][width];
#pragma unroll
  for (unsigned w = 0; w < Tile::kWords; ++w) {
#pragma unroll
    for (unsigned l = 0; l < width; l += 4) {
      const uint4 four =
          __ldg(reinterpret_cast<const uint4*>(payload + Tile::word(part.slab, w, part.first_lane + l)));
      words[w][l] = four.x, words[w][l + 1] = four.y, words[w][l + 2] = four.z, words[w][l + 3] = four.w;
    }
  }
  const lane::Scale scale = lane::decoding_scale(
      load_pair(plan, metadata, (chunk * kWarp + thread) / group_threads), kDithered);
  const unsigned shift = static_cast<unsigned>(part.slab % Tile::kSlabs) * Tile::kSlabBits;
  std::uint32_t blocks[kDithered ? width : 1][4];
  if constexpr (kDithered) {
#pragma unroll
    for (unsigned l = 0; l < width; ++l) lane::philox(stream, part.block(l), blocks[l]);
  }
#pragma unroll
  for (unsigned v = 0; v < lane::kSetRows; ++v) {
    float values[width];
#pragma unroll
    for (unsigned l = 0; l < width; ++l) {
      const std::uint32_t code =
          words[v / Tile::kRows][l] >> shift >> (v % Tile::kRows * kBits) & ((1u << kBits) - 1);
      if constexpr (kDithered) {
        values[l] = lane::dithered_value_of<float>(code, lane::offset_of(blocks[l], v), scale);
      } else {
        values[l] = lane::value_of<float>(code, scale);
      }
    }
    __stcs(out + part.row(v), pack(values, T{}));
  }
}

}  // namespace terse::quant::warp
