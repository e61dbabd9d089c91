#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_pipeline.h>

#include <type_traits>

#include "terse/quant/affine/affine_lane.hpp"
#include "terse/quant/affine/affine_tiles.cuh"

// Affine where levels are 2, 4, 16 or 256 and groups a power of two: a warp encodes a chunk of whole groups
// and tiles with each element read once, 16 bytes at a time, and decodes it likewise. The results are those
// of lane.hpp.

namespace terse::quant::warp {

using gpu::kWarp;
inline constexpr unsigned kSlab = lane::kSetRows * kLanes;  ///< elements that one set of Philox blocks serves

/// Adjacent lanes of a slab that a thread works on: 16 bytes of each row.
template <class T>
inline constexpr unsigned kWidth = 16 / sizeof(T);
template <class T>
inline constexpr unsigned kThreadElements = lane::kSetRows* kWidth<T>;
template <class T>
inline constexpr unsigned kChunk = kWarp* kThreadElements<T>;

/// Whether the codes of a chunk are whole words, a slab's at the same place in each.
inline bool takes_levels(const Grid& grid) {
  return grid.radix == grid.levels && (grid.levels == 2 || grid.levels == 4 || grid.levels == 16 || grid.levels == 256);
}

/// Whether a chunk consists of whole groups and each group of whole threads' parts.
template <class T>
bool takes_groups(const AffinePlan& plan) {
  return plan.group >= kSlab && kChunk<T> % plan.group == 0;
}

// ---- 16 bytes of a row ----

template <class T>
struct Pair;  // what two 16-bit elements are to the device
template <>
struct Pair<lane::BFloat16> {
  using Type = __nv_bfloat162;
  static __device__ float2 floats(Type pair) { return __bfloat1622float2(pair); }
  static __device__ Type of(float low, float high) { return __floats2bfloat162_rn(low, high); }
};
template <>
struct Pair<lane::Float16> {
  using Type = __half2;
  static __device__ float2 floats(Type pair) { return __half22float2(pair); }
  static __device__ Type of(float low, float high) {
    constexpr float kMost = 65504;  // as lane::to_float16: never an infinity
    return __floats2half2_rn(fminf(fmaxf(low, -kMost), kMost), fminf(fmaxf(high, -kMost), kMost));
  }
};

/// The same bits as another type.
template <class To, class From>
__device__ To bits_as(const From& from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  memcpy(&to, &from, sizeof to);
  return to;
}

struct Words {
  std::uint32_t at[4];
};

/// Element l of a row.
template <class T>
__device__ float element(const uint4& row, unsigned l) {
  const auto words = bits_as<Words>(row);
  if constexpr (std::is_same_v<T, float>) {
    return __uint_as_float(words.at[l]);
  } else {
    const float2 both = Pair<T>::floats(bits_as<typename Pair<T>::Type>(words.at[l / 2]));
    return l % 2 == 0 ? both.x : both.y;
  }
}

template <class T>
__device__ uint4 make_row(const float (&values)[kWidth<T>]) {
  Words words;
#pragma unroll
  for (unsigned i = 0; i < 4; ++i) {
    if constexpr (std::is_same_v<T, float>) {
      words.at[i] = __float_as_uint(values[i]);
    } else {
      words.at[i] = bits_as<std::uint32_t>(Pair<T>::of(values[2 * i], values[2 * i + 1]));
    }
  }
  return bits_as<uint4>(words);
}

/// The lesser and the greater of two floats; a NaN where one is a NaN.
inline __device__ float least(float x, float y) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  float z;
  asm("min.NaN.f32 %0, %1, %2;" : "=f"(z) : "f"(x), "f"(y));
  return z;
#else
  return y < x || y != y ? y : x;
#endif
}

inline __device__ float greatest(float x, float y) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  float z;
  asm("max.NaN.f32 %0, %1, %2;" : "=f"(z) : "f"(x), "f"(y));
  return z;
#else
  return y > x || y != y ? y : x;
#endif
}

struct Extremes {
  float low, high;
};

/// The extremes of a thread's part; NaN where it holds one.
template <class T>
__device__ Extremes extremes_of(const uint4 (&rows)[lane::kSetRows]) {
  if constexpr (std::is_same_v<T, float>) {
    Extremes all{element<T>(rows[0], 0), element<T>(rows[0], 0)};
#pragma unroll
    for (unsigned v = 0; v < lane::kSetRows; ++v) {
#pragma unroll
      for (unsigned l = 0; l < kWidth<T>; ++l) {
        all.low = least(all.low, element<T>(rows[v], l));
        all.high = greatest(all.high, element<T>(rows[v], l));
      }
    }
    return all;
  } else {
    using Both = typename Pair<T>::Type;
    Both low = bits_as<Both>(rows[0].x), high = low;
#pragma unroll
    for (unsigned v = 0; v < lane::kSetRows; ++v) {
      const auto words = bits_as<Words>(rows[v]);
#pragma unroll
      for (unsigned i = 0; i < 4; ++i) {
        low = __hmin2_nan(low, bits_as<Both>(words.at[i]));
        high = __hmax2_nan(high, bits_as<Both>(words.at[i]));
      }
    }
    const float2 lows = Pair<T>::floats(low), highs = Pair<T>::floats(high);
    return {least(lows.x, lows.y), greatest(highs.x, highs.y)};
  }
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
  /// Philox block of its lane l.
  __device__ std::uint64_t block(unsigned l) const { return slab * kLanes + first_lane + l; }
};

/// How the codes of a slab lie in the words of its tile.
template <unsigned kBits>
struct Place {
  static constexpr unsigned kSlabBits = kBits * lane::kSetRows;            ///< of a lane
  static constexpr unsigned kSlabs = kSlabBits < 32 ? 32 / kSlabBits : 1;  ///< that share their words
  static constexpr unsigned kWords = kSlabBits < 32 ? 1 : kSlabBits / 32;  ///< of a lane
  static constexpr unsigned kRows = lane::kSetRows / kWords;               ///< of a slab in a word
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

// ---- A chunk by way of shared memory, so that a warp meets the device's memory in whole lines ----

inline constexpr unsigned kChunkRows = kWarp * lane::kSetRows;  ///< 16 bytes each
using Stage = uint4[kChunkRows];

/// Where 16 bytes of a chunk lie in its stage: neither neighbours nor the parts of neighbouring threads share
/// banks.
template <class T>
__device__ unsigned staged(unsigned row) {
  constexpr unsigned kInSlab = kSlab / kWidth<T>, kInRow = kLanes / kWidth<T>, kBanks = 8;
  return row ^ row / kInSlab % (kBanks / kInRow) * kInRow;
}

/// 16 bytes of a thread's part, within a chunk.
template <class T>
__device__ unsigned row_of(unsigned thread, unsigned v) {
  constexpr unsigned kInRow = kLanes / kWidth<T>;
  return thread / kInRow * (kSlab / kWidth<T>)+v * kInRow + thread % kInRow;
}

/// Asks for a chunk: two may be on their way at a time.
template <class T>
__device__ void ask_for(const uint4* x, std::uint64_t chunk, Stage& stage) {
  const unsigned thread = threadIdx.x % kWarp;
#pragma unroll
  for (unsigned i = 0; i < kChunkRows; i += kWarp) {
    __pipeline_memcpy_async(&stage[staged<T>(i + thread)], x + chunk * kChunkRows + i + thread, sizeof *x);
  }
}

template <class T>
__device__ void take(const Stage& stage, uint4 (&rows)[lane::kSetRows]) {
#pragma unroll
  for (unsigned v = 0; v < lane::kSetRows; ++v) rows[v] = stage[staged<T>(row_of<T>(threadIdx.x % kWarp, v))];
}

/// Calls visit(chunk, rows) with each of a warp's chunks, `first`, `first + step` and so on, and the thread's
/// part of it; the next is on its way meanwhile.
template <class T, class Visitor>
__device__ void for_chunks(const uint4* x, std::uint64_t first, std::uint64_t chunks, std::uint64_t step,
                           Stage (&stages)[2], const Visitor& visit) {
  unsigned now = 0;
  if (first < chunks) ask_for<T>(x, first, stages[now]);
  __pipeline_commit();
  for (std::uint64_t chunk = first; chunk < chunks; chunk += step, now ^= 1) {
    if (chunk + step < chunks) ask_for<T>(x, chunk + step, stages[now ^ 1]);
    __pipeline_commit();
    __pipeline_wait_prior(1);
    __syncwarp();  // what the others asked for is there
    uint4 rows[lane::kSetRows];
    take<T>(stages[now], rows);
    __syncwarp();  // and read: it is overwritten next time
    visit(chunk, rows);
  }
}

// ---- Encoding ----

/// The scale of the thread's group, stored by one of its threads. @param group_threads  threads whose parts
/// are a group
/// @param largest  raised to the bits of the largest |x| of the thread's part, a NaN being the largest
template <class T>
__device__ lane::Scale scale_chunk(const AffinePlan& plan, const uint4 (&rows)[lane::kSetRows], std::uint64_t chunk,
                                   unsigned group_threads, std::byte* metadata, std::uint32_t& largest) {
  Extremes all = extremes_of<T>(rows);
  for (unsigned step = 1; step < group_threads; step *= 2) {
    all.low = least(all.low, __shfl_xor_sync(~0u, all.low, step));
    all.high = greatest(all.high, __shfl_xor_sync(~0u, all.high, step));
  }
  largest = max(largest, max(__float_as_uint(all.low) & 0x7FFFFFFFu, __float_as_uint(all.high) & 0x7FFFFFFFu));
  const lane::Scale scale = lane::make_scale(all.low, all.high, plan.steps, plan.margin, plan.wide);
  const unsigned thread = threadIdx.x % kWarp;
  if (thread % group_threads == 0) store_pair(plan, metadata, (chunk * kWarp + thread) / group_threads, scale);
  return scale;
}

/// lane::code_of, still kFractionBits up and without its lower bound: no element is as far below its group's
/// minimum as a quarter of the fixed point's unit, since only a minimum that is no normal float was raised,
/// to zero.
template <unsigned kBits>
__device__ std::uint32_t raised_code_of(float x, float minimum, float inverse, std::uint32_t offset) {
  constexpr std::uint32_t kTop = (1u << kBits) - 1;
  const float place = fminf((x - minimum) * inverse, static_cast<float>(kTop << lane::kFractionBits));
  return (__float_as_uint(place + 0x1p23f) + offset) & kTop << lane::kFractionBits;
}

/// Encodes a chunk whose scales are known.
template <class T, unsigned kBits>
__device__ void encode_chunk(const AffinePlan& plan, const uint4 (&rows)[lane::kSetRows], const lane::Scale& scale,
                             std::uint64_t chunk, std::uint32_t* payload) {
  constexpr unsigned width = kWidth<T>;
  using Tile = Place<kBits>;
  const Part<T> part(chunk, threadIdx.x % kWarp);
  const float inverse = lane::inverse_step<float>(scale);
  std::uint32_t words[Tile::kWords][width];
#pragma unroll
  for (unsigned l = 0; l < width; ++l) {
    std::uint32_t block[4];
    lane::philox(plan.stream, part.block(l), block);
#pragma unroll
    for (unsigned w = 0; w < Tile::kWords; ++w) {
      std::uint32_t low = 0, high = 0;  // the word's halves, still kFractionBits up
#pragma unroll
      for (unsigned k = 0; k < Tile::kRows; ++k) {
        const unsigned v = w * Tile::kRows + k, shift = k * kBits;
        const std::uint32_t code =
            raised_code_of<kBits>(element<T>(rows[v], l), scale.minimum, inverse, lane::offset_of(block, v));
        if (shift < 16) {
          low += code << shift;
        } else {
          high += code << (shift - 16);
        }
      }
      words[w][l] = low >> lane::kFractionBits | high << (16 - lane::kFractionBits);
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
                             const std::uint32_t* payload, std::uint64_t chunk, unsigned group_threads, Stage& stage,
                             uint4* out) {
  constexpr unsigned width = kWidth<T>;
  using Tile = Place<kBits>;
  const unsigned thread = threadIdx.x % kWarp;
  const Part<T> part(chunk, thread);
  std::uint32_t words[Tile::kWords][width];
#pragma unroll
  for (unsigned w = 0; w < Tile::kWords; ++w) {
#pragma unroll
    for (unsigned l = 0; l < width; l += 4) {
      const uint4 four = __ldg(reinterpret_cast<const uint4*>(payload + Tile::word(part.slab, w, part.first_lane + l)));
      words[w][l] = four.x, words[w][l + 1] = four.y, words[w][l + 2] = four.z, words[w][l + 3] = four.w;
    }
  }
  const lane::Scale scale =
      lane::decoding_scale(load_pair(plan, metadata, (chunk * kWarp + thread) / group_threads), kDithered);
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
      const std::uint32_t code = words[v / Tile::kRows][l] >> shift >> (v % Tile::kRows * kBits) & ((1u << kBits) - 1);
      if constexpr (kDithered) {
        values[l] = lane::dithered_value_of<float>(code, lane::offset_of(blocks[l], v), scale);
      } else {
        values[l] = lane::value_of<float>(code, scale);
      }
    }
    stage[staged<T>(row_of<T>(thread, v))] = make_row<T>(values);
  }
  __syncwarp();
#pragma unroll
  for (unsigned i = 0; i < kChunkRows; i += kWarp) {
    __stcs(out + chunk * kChunkRows + i + thread, stage[staged<T>(i + thread)]);
  }
  __syncwarp();
}

}  // namespace terse::quant::warp
