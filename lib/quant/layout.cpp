#include <algorithm>
#include <bit>
#include <cmath>
#include <string>

#include "terse/core/checked.hpp"
#include "terse/core/error.hpp"
#include "terse/quant/affine_plan.hpp"
#include "terse/quant/codec.hpp"
#include "terse/quant/grid.hpp"
#include "terse/quant/lane.hpp"

namespace terse::quant {

namespace {

constexpr std::uint64_t kMostElements = std::uint64_t{1} << 60;  // bytes and bits of so many still fit 64 bits

unsigned code_bits(unsigned levels) { return static_cast<unsigned>(std::bit_width(levels - 1)); }

bool is_field(unsigned bits) { return bits == 2 || bits == 4 || bits == 8; }

void check(const Layout& layout) {
  const auto refuse = [&](const std::string& what) {
    throw Error(Error::BadInput, std::string(to_string(layout.codec)) + " layout: " + what);
  };
  if (layout.count > kMostElements) refuse("too many elements");
  if (layout.codec == Codec::Affine || layout.codec == Codec::Sparse) {
    if (!core::is_floating(layout.dtype)) refuse("elements are not floating");
    if (layout.levels < 2 || layout.levels > 256) refuse("levels are not within 2 and 256");
    if (layout.steps != 0 && !(layout.steps > layout.levels - 2 && layout.steps <= layout.levels - 1)) {
      refuse("steps do not fit the levels");
    }
    if (layout.centred && layout.steps == 0) refuse("a grid in the middle without steps");
    if (layout.fields && (!is_field(layout.bits) || layout.bits < code_bits(layout.levels))) {
      refuse("fields of " + std::to_string(layout.bits) + " bits for " + std::to_string(layout.levels) + " levels");
    }
    if (layout.group == 0 || layout.group % kLanes != 0) refuse("group is not a multiple of 16");
  }
  if (layout.codec == Codec::Sparse) {
    if (!has_sparse_form(layout.dtype)) refuse("elements are wider than 32 bits");
    if (layout.kept > layout.count) refuse("more elements kept than there are");
  }
  if (layout.codec == Codec::Integer) {
    if (core::is_floating(layout.dtype)) refuse("elements are not integers");
    if (layout.bits > 8 * core::size_of(layout.dtype)) refuse("codes are wider than the elements");
  }
}

/// ceil(count * bits / 8), count ≤ kMostElements, bits ≤ 64.
std::uint64_t packed_bytes(std::uint64_t count, unsigned bits) { return count / 8 * bits + (count % 8 * bits + 7) / 8; }

std::uint64_t stored_bytes(const Layout& layout) { return payload_bytes(layout) + metadata_bytes(layout); }

/// Smaller of the two layouts, `a` where they are equal.
Layout smaller(const Layout& a, const Layout& b) { return stored_bytes(b) < stored_bytes(a) ? b : a; }

}  // namespace

Grid grid_of(const Layout& layout) {
  return make_grid(layout.levels, layout.fields ? 1u << layout.bits : layout.levels);
}

std::uint64_t payload_bytes(const Layout& layout) {
  check(layout);
  switch (layout.codec) {
    case Codec::Raw:
      return layout.count * core::size_of(layout.dtype);
    case Codec::Affine:
      return grid_bytes(grid_of(layout), layout.count);
    case Codec::Sparse:
      return mask_bytes(layout.count) + grid_bytes(grid_of(layout), layout.kept);
    case Codec::Mask:
    case Codec::Sign:
      return packed_bytes(layout.count, 1);
    case Codec::Integer:
      return packed_bytes(layout.count, layout.bits);
    case Codec::Constant:
      return 0;
  }
  throw Error(Error::BadInput, "unknown codec " + std::to_string(static_cast<int>(layout.codec)));
}

std::uint64_t metadata_bytes(const Layout& layout) {
  check(layout);
  switch (layout.codec) {
    case Codec::Raw:
    case Codec::Sign:
      return 0;
    case Codec::Affine:
    case Codec::Sparse: {
      const std::uint64_t count = layout.codec == Codec::Affine ? layout.count : layout.kept;
      const std::uint64_t groups = count / layout.group + (count % layout.group != 0);
      return groups * (layout.wide_scales ? 8 : 4) + (layout.dithered ? kStreamBytes : 0);
    }
    case Codec::Mask:
      return 2 * core::size_of(layout.dtype);
    case Codec::Integer:
      return sizeof(std::int64_t);
    case Codec::Constant:
      return core::size_of(layout.dtype);
  }
  throw Error(Error::BadInput, "unknown codec " + std::to_string(static_cast<int>(layout.codec)));
}

bool has_sparse_form(core::DType dtype) { return core::is_floating(dtype) && core::size_of(dtype) <= 4; }

std::uint64_t mask_bytes(std::uint64_t count) { return (count + 63) / 64 * 8; }

Layout sparse_layout(const Layout& affine, std::uint64_t kept) {
  Layout layout = affine;
  layout.codec = Codec::Sparse;
  layout.kept = kept;
  check(layout);
  return layout;
}

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

}  // namespace terse::quant
