#include "terse/quant/layout/survey.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "terse/core/error.hpp"
#include "terse/core/parallel.hpp"
#include "terse/quant/lanes/block_range.hpp"
#include "terse/quant/lanes/convert.hpp"
#include "terse/quant/lanes/element.hpp"
#include "terse/quant/lanes/lane.hpp"

namespace terse::quant {

namespace {

constexpr std::size_t kBlock =
    256;  // elements looked at together: they stay in the first cache, and a usual group has as many
constexpr std::size_t kGrain = 1 << 16;  // a multiple of kBlock
constexpr std::uint32_t kMore = 3;       // distinct values: more than two

/// Up to two distinct bit patterns, in the order of their first occurrence.
struct Distinct {
  std::uint32_t count = 0;
  std::uint64_t bits[2] = {0, 0};

  void see(std::uint64_t pattern) {
    if (count == kMore || (count > 0 && pattern == bits[0]) || (count > 1 && pattern == bits[1])) return;
    if (count < 2) bits[count] = pattern;
    ++count;
  }

  template <class U>
  void see(const U* x, std::size_t n) {
    if (count == kMore) return;
    const U first = static_cast<U>(bits[0]), second = static_cast<U>(bits[count > 1 ? 1 : 0]);
    bool other = count == 0;
    U different = 0;
    for (std::size_t i = 0; i < n; ++i) different |= static_cast<U>((x[i] ^ first) != 0 && (x[i] ^ second) != 0);
    other = other || different != 0;
    for (std::size_t i = 0; other && i < n && count != kMore; ++i) see(x[i]);
  }

  void merge(const Distinct& next) {
    for (std::uint32_t i = 0; i < std::min(next.count, 2u); ++i) see(next.bits[i]);
    if (next.count == kMore) count = kMore;
  }
};

/// What is known of a part of the tensor.
struct Piece {
  std::uint64_t non_finite = 0, zeros = 0;
  double minimum = std::numeric_limits<double>::infinity(), maximum = -minimum;
  std::int64_t integer_minimum = std::numeric_limits<std::int64_t>::max(),
               integer_maximum = std::numeric_limits<std::int64_t>::min();
  double distance = 0, range = 0;  ///< sums over blocks: from zero to the minimum, from there to the maximum
  Distinct distinct;

  void add_block(double low, double high, std::uint64_t block_zeros, std::uint64_t block_non_finite) {
    zeros += block_zeros;
    non_finite += block_non_finite;
    if (!(low <= high)) return;
    minimum = std::min(minimum, low);
    maximum = std::max(maximum, high);
    distance += std::fabs(low);
    range += high - low;
  }

  void merge(const Piece& next) {
    non_finite += next.non_finite;
    zeros += next.zeros;
    minimum = std::min(minimum, next.minimum);
    maximum = std::max(maximum, next.maximum);
    integer_minimum = std::min(integer_minimum, next.integer_minimum);
    integer_maximum = std::max(integer_maximum, next.integer_maximum);
    distance += next.distance;
    range += next.range;
    distinct.merge(next.distinct);
  }
};

void look_at_doubles(const double* x, std::size_t count, Piece& piece) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  std::uint64_t zeros = 0, non_finite = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (!std::isfinite(x[i])) {
      ++non_finite;
      continue;
    }
    low = std::min(low, x[i]);
    high = std::max(high, x[i]);
    zeros += x[i] == 0;
  }
  piece.add_block(low, high, zeros, non_finite);
}

void look_at_floats(const float* x, std::size_t count, Piece& piece) {
  const BlockRange block = block_range(x, count);
  piece.add_block(block.minimum, block.maximum, block.zeros, block.non_finite);
}

template <class T>
void look_at_integers(const T* x, std::size_t count, Piece& piece) {
  T low = x[0], high = x[0];
  std::uint64_t zeros = 0;
  for (std::size_t i = 0; i < count; ++i) {
    low = std::min(low, x[i]);
    high = std::max(high, x[i]);
    zeros += x[i] == 0;
  }
  piece.integer_minimum = std::min<std::int64_t>(piece.integer_minimum, low);
  piece.integer_maximum = std::max<std::int64_t>(piece.integer_maximum, high);
  piece.add_block(static_cast<double>(low), static_cast<double>(high), zeros, 0);
}

/// Adds elements [begin, end) of x to the piece.
void look(const void* x, core::DType dtype, std::size_t begin, std::size_t end, Piece& piece) {
  float converted[kBlock];
  for (std::size_t i = begin; i < end; i += kBlock) {
    const std::size_t size = std::min(kBlock, end - i);
    const std::byte* block = static_cast<const std::byte*>(x) + i * core::size_of(dtype);
    switch (dtype) {
      case core::DType::Float32:
        look_at_floats(reinterpret_cast<const float*>(block), size, piece);
        break;
      case core::DType::Float64:
        look_at_doubles(reinterpret_cast<const double*>(block), size, piece);
        break;
      case core::DType::Float16:
      case core::DType::BFloat16:
        to_float32(dtype, block, size, converted);
        look_at_floats(converted, size, piece);
        break;
      default:
        visit_integer(dtype, [&]<class T>(T) { look_at_integers(reinterpret_cast<const T*>(block), size, piece); });
    }
    visit_bits(dtype, [&]<class U>(U) { piece.distinct.see(reinterpret_cast<const U*>(block), size); });
  }
}

/// An element as a number, from its bits.
double value_of(std::uint64_t bits, core::DType dtype) {
  if (dtype == core::DType::Float32) return static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
  if (dtype == core::DType::Float64) return std::bit_cast<double>(bits);
  if (core::is_floating(dtype)) {
    const auto half = static_cast<std::uint16_t>(bits);
    float value;
    to_float32(dtype, &half, 1, &value);
    return static_cast<double>(value);
  }
  return visit_integer(dtype, [&]<class T>(T) { return static_cast<double>(static_cast<T>(bits)); });
}

Survey survey_of(const Piece& piece, core::DType dtype) {
  Survey survey;
  survey.non_finite = piece.non_finite;
  survey.zeros = piece.zeros;
  if (piece.minimum <= piece.maximum) {
    survey.minimum = piece.minimum;
    survey.maximum = piece.maximum;
  }
  if (!core::is_floating(dtype) && piece.integer_minimum <= piece.integer_maximum) {
    survey.integer_minimum = piece.integer_minimum;
    survey.integer_maximum = piece.integer_maximum;
  }
  survey.distinct = piece.distinct.count;
  for (std::uint32_t i = 0; i < 2 && survey.distinct < kMore && i < survey.distinct; ++i) {
    survey.values[i] = value_of(piece.distinct.bits[i], dtype);
  }
  // bfloat16 moves a minimum by 2^-8 of itself on average. At four ranges from zero that widens a group by 1.6 %: the
  // variance then grows by as much as narrow scales save in bytes.
  survey.offset = piece.distance > 4 * piece.range;
  return survey;
}

}  // namespace

Survey survey(const void* x, std::uint64_t count, core::DType dtype) {
  std::vector<Piece> pieces((count + kGrain - 1) / kGrain);
  core::parallel_for(count, kGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; i += kGrain) {
      look(x, dtype, i, std::min(i + kGrain, end), pieces[i / kGrain]);
    }
  });
  Piece all;
  for (const Piece& piece : pieces) all.merge(piece);
  return survey_of(all, dtype);
}

namespace {

constexpr std::uint64_t kSamples = 16;  // groups, spread evenly

bool large_enough_to_sample(std::uint64_t count) { return count > kSamples * kBlock; }

Piece look_at_sample(const void* x, std::uint64_t count, core::DType dtype) {
  Piece sample;
  for (std::uint64_t i = 0; i < kSamples; ++i) {
    const std::uint64_t begin = (count - kBlock) / (kSamples - 1) * i / kBlock * kBlock;
    look(x, dtype, begin, begin + kBlock, sample);
  }
  return sample;
}

std::uint64_t stored_bytes(const Layout& layout) { return payload_bytes(layout) + metadata_bytes(layout); }

/// Smaller of the two layouts, `a` where they are equal.
Layout smaller(const Layout& a, const Layout& b) { return stored_bytes(b) < stored_bytes(a) ? b : a; }

}  // namespace

Layout lossless_layout(const Survey& survey, std::uint64_t count, core::DType dtype) {
  Layout best;
  best.dtype = dtype;
  best.count = count;
  best.bits = static_cast<std::uint8_t>(8 * core::size_of(dtype));
  if (count == 0) return best;
  Layout layout = best;
  if (survey.distinct == 1) {
    layout.codec = Codec::Constant;
    layout.bits = 0;
    best = smaller(best, layout);
  } else if (survey.distinct == 2) {
    layout.codec = Codec::Mask;
    layout.bits = 1;
    best = smaller(best, layout);
  }
  if (!core::is_floating(dtype)) {
    layout.codec = Codec::Integer;
    const std::uint64_t range =
        static_cast<std::uint64_t>(survey.integer_maximum) - static_cast<std::uint64_t>(survey.integer_minimum);
    layout.bits = static_cast<std::uint8_t>(std::bit_width(range));
    best = smaller(best, layout);
  }
  return best;
}

Layout affine_layout(const Survey& survey, std::uint64_t count, core::DType dtype, const AffineOptions& options) {
  const int levels = options.levels != 0                      ? options.levels
                     : options.bits >= 1 && options.bits <= 8 ? 1 << options.bits
                                                              : 0;
  if (levels < 2 || levels > 256) throw Error(Error::Usage, "affine codec: levels must be within 2 and 256");
  if (options.group == 0 || options.group % kLanes != 0) {
    throw Error(Error::Usage, "affine codec: group must be a multiple of 16");
  }
  if (!core::is_floating(dtype)) throw Error(Error::Usage, "affine codec: elements must be floating");
  Layout raw;
  raw.dtype = dtype;
  raw.count = count;
  raw.bits = static_cast<std::uint8_t>(8 * core::size_of(dtype));
  const double magnitude = std::max(std::fabs(survey.minimum), std::fabs(survey.maximum));
  if (survey.non_finite != 0 || magnitude > lane::kLargest || (magnitude < lane::kSmallest && magnitude != 0)) {
    return raw;
  }
  Layout layout = raw;
  layout.codec = Codec::Affine;
  layout.levels = static_cast<std::uint16_t>(levels);
  layout.bits = static_cast<std::uint8_t>(code_bits(static_cast<unsigned>(levels)));
  layout.wide_scales = survey.offset;
  layout.group = options.group;
  layout.dithered = options.dither;
  return smaller(raw, layout);
}

double zero_share(const void* x, std::uint64_t count, core::DType dtype) {
  if (count == 0) return 0;
  if (!large_enough_to_sample(count)) {
    return static_cast<double>(survey(x, count, dtype).zeros) / static_cast<double>(count);
  }
  return static_cast<double>(look_at_sample(x, count, dtype).zeros) / static_cast<double>(kSamples * kBlock);
}

Layout choose_layout(const void* x, std::uint64_t count, core::DType dtype, const AffineOptions& options) {
  if (core::is_floating(dtype) && large_enough_to_sample(count)) {
    Piece sample = look_at_sample(x, count, dtype);
    if (sample.distinct.count == kMore) {
      sample.non_finite = 0;  // try_encode looks at all elements
      Survey found = survey_of(sample, dtype);
      found.minimum = found.maximum = 0;
      return affine_layout(found, count, dtype, options);
    }
  }
  const Survey found = survey(x, count, dtype);
  const Layout lossless = lossless_layout(found, count, dtype);
  if (!core::is_floating(dtype)) return lossless;
  const Layout affine = affine_layout(found, count, dtype, options);
  return smaller(lossless, affine);
}

}  // namespace terse::quant
