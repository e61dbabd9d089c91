#include "terse/quant/entropy/entropy.hpp"

#define ZSTD_STATIC_LINKING_ONLY  // ZSTD_c_literalCompressionMode: at fast levels zstd would not code literals
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <memory>
#include <vector>

#include "terse/core/error.hpp"
#include "terse/core/parallel.hpp"
#include "terse/quant/lanes/convert.hpp"

namespace terse::quant {

namespace {

constexpr std::size_t kChunk = 128 << 10;    // a block of zstd
constexpr int kNoSearch = -100000;           // a level of zstd that hardly searches for repetitions
constexpr std::uint64_t kLeastCodes = 4096;  // fewer bytes do not pay for a chunk's overhead
constexpr std::size_t kSampleGroups = 32;
constexpr double kLeastGain = 1.05;  // ratio of steps; less is not worth the coding
constexpr int kHalvings = 9;         // of the search interval, in the logarithm of the steps
// Share of the plain bytes that an estimate may fill, and bytes of a chunk's table: Huffman codes are whole bits.
constexpr double kFilled = 0.98, kTableBytes = 128;

struct Compressor {
  std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context{ZSTD_createCCtx(), ZSTD_freeCCtx};
  Compressor() {
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, kNoSearch);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_literalCompressionMode, ZSTD_ps_enable);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_contentSizeFlag, 0);
  }
};

std::size_t chunks_of(std::uint64_t size) { return static_cast<std::size_t>((size + kChunk - 1) / kChunk); }

std::span<const std::byte> chunk_of(std::span<const std::byte> plain, std::size_t i) {
  return plain.subspan(i * kChunk, std::min(kChunk, plain.size() - i * kChunk));
}

/// Elements of a few groups, spread evenly over the tensor, as places in their group's range: 0 to 1.
class Sample {
 public:
  Sample(const void* x, const Layout& layout, bool zeros) {
    const std::size_t group = std::min<std::uint64_t>(layout.group, layout.count);
    const std::uint64_t groups = std::min<std::uint64_t>(kSampleGroups, layout.count / group);
    std::vector<float> elements(group);
    for (std::uint64_t i = 0; i < groups; ++i) {
      const std::uint64_t begin = groups > 1 ? (layout.count - group) / (groups - 1) * i / group * group : 0;
      read(static_cast<const std::byte*>(x) + begin * core::size_of(layout.dtype), layout.dtype, elements);
      add(elements, zeros);
    }
  }

  /// Entropy of a code in bits where a group's range is divided into `steps`.
  double entropy(double steps, bool centred) const {
    std::array<std::uint32_t, 256> counts{};
    const double first = centred ? (std::ceil(steps) - steps) / 2 : 0;  // place of the minimum on the grid
    double offset = 0.5;
    for (const float place : places_) {
      // Multiples of the golden ratio stand for the random offsets: they spread evenly.
      offset += 0.6180339887498949;
      if (offset >= 1) --offset;
      const auto code = static_cast<int>(first + static_cast<double>(place) * steps + offset);
      ++counts[static_cast<std::size_t>(std::clamp(code, 0, 255))];
    }
    const auto size = static_cast<double>(places_.size());
    double bits = 0;
    for (const std::uint32_t count : counts) {
      if (count > 0) bits -= count * std::log2(count / size);
    }
    return places_.empty() ? 0 : bits / size;
  }

  bool empty() const { return places_.empty(); }
  bool has_both_signs() const { return negative_ && positive_; }

 private:
  static void read(const std::byte* x, core::DType dtype, std::vector<float>& elements) {
    switch (dtype) {
      case core::DType::Float32:
        std::memcpy(elements.data(), x, elements.size() * sizeof(float));
        break;
      case core::DType::Float64:
        for (std::size_t i = 0; i < elements.size(); ++i) {
          double value;
          std::memcpy(&value, x + i * sizeof value, sizeof value);
          elements[i] = static_cast<float>(value);
        }
        break;
      default:
        to_float32(dtype, x, elements.size(), elements.data());
    }
  }

  void add(const std::vector<float>& elements, bool zeros) {
    float low = INFINITY, high = -INFINITY;
    const auto counts = [&](float x) { return std::isfinite(x) && (zeros || x != 0); };
    for (const float x : elements) {
      if (!counts(x)) continue;
      low = std::min(low, x);
      high = std::max(high, x);
    }
    negative_ = negative_ || low < 0;
    positive_ = positive_ || high > 0;
    if (!(low < high)) return;
    for (const float x : elements) {
      if (counts(x)) places_.push_back((x - low) / (high - low));
    }
  }

  std::vector<float> places_;
  bool negative_ = false, positive_ = false;
};

/// The most steps, at least `least`, whose codes take no more than `bits` each.
double most_steps(const Sample& sample, double bits, double least, bool centred) {
  // Fewer steps do not always take fewer bits: two equally likely codes of one step take a bit each, those of 1.5 less.
  double most = 255;
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = std::sqrt(least * most);
    (sample.entropy(middle, centred) <= bits ? least : most) = middle;
  }
  return least;
}

int field_of(int levels) { return levels <= 4 ? 2 : levels <= 16 ? 4 : 8; }

}  // namespace

Layout finer_layout(const void* x, const Layout& affine, bool zeros) {
  const std::uint64_t codes = payload_bytes(affine);
  if (affine.levels == 256 || codes < kLeastCodes) return affine;
  const Sample sample(x, affine, zeros);
  if (sample.empty()) return affine;
  const double room = kFilled * static_cast<double>(codes) - kTableBytes * static_cast<double>(chunks_of(2 * codes));
  const double bits = 8 * room / static_cast<double>(affine.count);
  const double from_minimum = most_steps(sample, bits, affine.levels - 1, false);
  // A centred grid reaches beyond the range: an element of a tensor with one sign could come back with the other, which
  // no division or square root by its reader survives.
  const double centred = sample.has_both_signs() ? most_steps(sample, bits, affine.levels - 1, true) : 0;
  const double steps = std::max(from_minimum, centred);
  if (steps < kLeastGain * (affine.levels - 1)) return affine;
  Layout finer = affine;
  finer.steps = static_cast<float>(steps);
  finer.centred = centred > from_minimum;
  finer.levels = static_cast<std::uint16_t>(std::ceil(finer.steps) + 1);
  finer.bits = static_cast<std::uint8_t>(field_of(finer.levels));
  finer.fields = true;
  return finer;
}

std::uint64_t entropy_bound(std::uint64_t size) {
  return chunks_of(size) * (sizeof(std::uint32_t) + ZSTD_COMPRESSBOUND(kChunk));
}

std::uint64_t entropy_encode(std::span<const std::byte> plain, std::span<std::byte> out) {
  const std::size_t chunks = chunks_of(plain.size());
  const std::size_t room = ZSTD_COMPRESSBOUND(kChunk);
  std::byte* const frames = out.data() + chunks * sizeof(std::uint32_t);
  std::vector<std::uint32_t> sizes(chunks);
  core::parallel_for(chunks, 1, [&](std::size_t begin, std::size_t end) {
    thread_local Compressor compressor;
    for (std::size_t i = begin; i < end; ++i) {
      const auto chunk = chunk_of(plain, i);
      const std::size_t size =
          ZSTD_compress2(compressor.context.get(), frames + i * room, room, chunk.data(), chunk.size());
      if (ZSTD_isError(size)) throw Error(Error::Internal, std::string("entropy coder: ") + ZSTD_getErrorName(size));
      sizes[i] = static_cast<std::uint32_t>(size);
    }
  });
  std::memcpy(out.data(), sizes.data(), chunks * sizeof(std::uint32_t));
  std::byte* to = frames;
  for (std::size_t i = 0; i < chunks; to += sizes[i++]) std::memmove(to, frames + i * room, sizes[i]);
  return static_cast<std::uint64_t>(to - out.data());
}

void entropy_decode(std::span<const std::byte> coded, std::span<std::byte> plain) {
  const auto refuse = [] { throw Error(Error::BadInput, "entropy coded bytes are damaged"); };
  const std::size_t chunks = chunks_of(plain.size());
  if (coded.size() < chunks * sizeof(std::uint32_t)) refuse();
  std::vector<std::uint64_t> begins(chunks + 1, chunks * sizeof(std::uint32_t));
  for (std::size_t i = 0; i < chunks; ++i) {
    std::uint32_t size;
    std::memcpy(&size, coded.data() + i * sizeof size, sizeof size);
    begins[i + 1] = begins[i] + size;
  }
  if (begins[chunks] != coded.size()) refuse();
  core::parallel_for(chunks, 1, [&](std::size_t begin, std::size_t end) {
    thread_local const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context{ZSTD_createDCtx(), ZSTD_freeDCtx};
    for (std::size_t i = begin; i < end; ++i) {
      const auto chunk = chunk_of(plain, i);
      const std::size_t size = ZSTD_decompressDCtx(context.get(), plain.data() + i * kChunk, chunk.size(),
                                                   coded.data() + begins[i], begins[i + 1] - begins[i]);
      if (ZSTD_isError(size) || size != chunk.size()) refuse();
    }
  });
}

}  // namespace terse::quant
