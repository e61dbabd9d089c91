#include "terse/quant/affine/sparse.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <string>
#include <vector>

#include "terse/core/error.hpp"
#include "terse/core/parallel.hpp"
#include "terse/quant/affine/affine_run.hpp"
#include "terse/quant/lanes/convert.hpp"
#include "terse/quant/lanes/gather.hpp"

namespace terse::quant {

namespace {

constexpr std::size_t kBlock = 1 << 15;  // elements of a thread's piece of work: its values stay in the second cache

/// The kept elements as Affine sees them: a tensor of their own.
Layout kept_layout(const Layout& layout) {
  Layout kept = layout;
  kept.codec = Codec::Affine;
  kept.dtype = core::DType::Float32;
  kept.count = layout.kept;
  return kept;
}

/// [blocks + 1] how many elements are kept before each block, and in all.
std::vector<std::uint64_t> kept_before(const Layout& layout, const std::byte* mask) {
  std::vector<std::uint64_t> before((layout.count + kBlock - 1) / kBlock + 1, 0);
  core::parallel_for(before.size() - 1, 16, [&](std::size_t begin, std::size_t end) {
    for (std::size_t block = begin; block < end; ++block) {
      const std::uint64_t first = block * kBlock;
      before[block + 1] = count_set(mask + first / 8, std::min<std::uint64_t>(kBlock, layout.count - first));
    }
  });
  for (std::size_t block = 1; block < before.size(); ++block) before[block] += before[block - 1];
  return before;
}

/// Gathers the kept elements as float32, piece by piece.
class Gatherer {
 public:
  Gatherer(const void* x, const Layout& layout, const std::byte* mask) : x_(x), layout_(layout), mask_(mask) {}

  /// Starts at an element, a multiple of 64.
  void start(std::uint64_t element) {
    next_ = element;
    values_.clear();
  }

  /// Gathers until at least `wanted` values are there or the tensor ends.
  const std::vector<float>& at_least(std::size_t wanted) {
    while (values_.size() < wanted && next_ < layout_.count) {
      const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, layout_.count - next_));
      append(size);
      next_ += size;
    }
    return values_;
  }

 private:
  static constexpr std::size_t kPiece = 4096;

  void append(std::size_t size) {
    const std::size_t had = values_.size(), width = core::size_of(layout_.dtype);
    const void* from = static_cast<const std::byte*>(x_) + next_ * width;
    const std::byte* bits = mask_ + next_ / 8;
    values_.resize(had + size + kGatherSlack);
    std::size_t kept;
    if (layout_.dtype == core::DType::Float32) {
      kept = gather(layout_.dtype, from, size, bits, values_.data() + had);
    } else {
      halves_.resize(size + kGatherSlack);
      kept = gather(layout_.dtype, from, size, bits, halves_.data());
      to_float32(layout_.dtype, halves_.data(), kept, values_.data() + had);
    }
    values_.resize(had + kept);
  }

  const void* x_;
  const Layout& layout_;
  const std::byte* mask_;
  std::uint64_t next_ = 0;
  std::vector<float> values_;
  std::vector<std::uint16_t> halves_;
};

/// The first multiple of the plan's span at or after `kept`, or the end.
std::uint64_t next_span(const AffinePlan& plan, std::uint64_t kept) {
  return std::min(plan.count, (kept + plan.span - 1) / plan.span * plan.span);
}

}  // namespace

std::uint64_t mask_nonzero(const void* x, std::uint64_t count, core::DType dtype, std::span<std::byte> mask) {
  if (mask.size() != mask_bytes(count)) throw Error(Error::Usage, "mask of another size");
  if (count == 0) return 0;
  std::memset(mask.data() + mask.size() - 8, 0, 8);
  std::atomic<std::uint64_t> kept = 0;
  core::parallel_for(count, 2 * kBlock, [&](std::size_t begin, std::size_t end) {
    kept += pack_nonzero(dtype, static_cast<const std::byte*>(x) + begin * core::size_of(dtype), end - begin,
                         mask.data() + begin / 8);
  });
  return kept;
}

std::uint64_t count_kept(std::span<const std::byte> mask, std::uint64_t count) {
  std::atomic<std::uint64_t> kept = 0;
  core::parallel_for(count, kBlock * 32, [&](std::size_t begin, std::size_t end) {
    kept += count_set(mask.data() + begin / 8, end - begin);
  });
  return kept;
}

bool encode_sparse(const void* x, const Layout& layout, const core::RandomKey& key, std::byte* payload,
                   std::byte* metadata) {
  const std::byte* mask = payload;
  std::byte* codes = payload + mask_bytes(layout.count);
  const AffinePlan plan = make_plan(kept_layout(layout), key);
  if (plan.dithered) store_stream(plan, metadata);
  const auto before = kept_before(layout, mask);
  if (before.back() != layout.kept) return false;
  std::atomic<std::uint32_t> magnitude = 0;
  core::parallel_for(before.size() - 1, 1, [&](std::size_t first_block, std::size_t end_block) {
    Gatherer gatherer(x, layout, mask);
    ScaleBuffer buffer(plan);
    std::uint32_t mine = 0;
    for (std::size_t block = first_block; block < end_block; ++block) {
      // A block encodes the spans that begin in it, with what they need of the next blocks.
      const std::uint64_t begin = next_span(plan, before[block]), end = next_span(plan, before[block + 1]);
      if (begin >= end) continue;
      gatherer.start(block * kBlock);
      const auto skipped = static_cast<std::size_t>(begin - before[block]),
                 size = static_cast<std::size_t>(end - begin);
      const auto& values = gatherer.at_least(skipped + size);
      encode_affine_run(plan, values.data() + skipped, begin, size, buffer.scales(), metadata, codes, mine);
    }
    raise(magnitude, mine);
  });
  return magnitude <= lane::bits_of(lane::kLargest) && (magnitude >= lane::bits_of(lane::kSmallest) || magnitude == 0);
}

void decode_sparse(const Layout& layout, const std::byte* payload, const std::byte* metadata, void* out) {
  const std::byte* codes = payload + mask_bytes(layout.count);
  const AffinePlan plan = make_plan(kept_layout(layout), metadata);
  const auto before = kept_before(layout, payload);
  if (before.back() != layout.kept) {
    throw Error(Error::BadInput, "sparse payload keeps " + std::to_string(before.back()) + " elements, not " +
                                     std::to_string(layout.kept));
  }
  core::parallel_for(before.size() - 1, 1, [&](std::size_t first_block, std::size_t end_block) {
    ScaleBuffer buffer(plan);
    std::vector<float> values;
    std::vector<std::uint16_t> halves;
    for (std::size_t block = first_block; block < end_block; ++block) {
      const std::uint64_t first = block * kBlock;
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(kBlock, layout.count - first));
      const std::uint64_t begin = before[block] / plan.span * plan.span, end = next_span(plan, before[block + 1]);
      values.resize(static_cast<std::size_t>(end - begin));
      if (end > begin) decode_affine_run(plan, metadata, codes, begin, values.size(), buffer.scales(), values.data());
      const void* kept = values.data() + (before[block] - begin);
      if (layout.dtype != core::DType::Float32) {
        halves.resize(static_cast<std::size_t>(before[block + 1] - before[block]));
        from_float32(layout.dtype, static_cast<const float*>(kept), halves.size(), halves.data());
        kept = halves.data();
      }
      scatter(layout.dtype, kept, count, payload + first / 8,
              static_cast<std::byte*>(out) + first * core::size_of(layout.dtype));
    }
  });
}

}  // namespace terse::quant
