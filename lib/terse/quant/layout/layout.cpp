#include "terse/quant/layout/layout.hpp"

#include <bit>
#include <string>

#include "terse/core/checked.hpp"
#include "terse/core/error.hpp"
#include "terse/quant/lanes/grid.hpp"
#include "terse/quant/lanes/lane.hpp"

namespace terse::quant {

namespace {

constexpr std::uint64_t kMostElements = std::uint64_t{1} << 60;  // bytes and bits of so many still fit 64 bits

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

}  // namespace

std::string_view to_string(Codec codec) {
  switch (codec) {
    case Codec::Raw:
      return "raw";
    case Codec::Affine:
      return "affine";
    case Codec::Mask:
      return "mask";
    case Codec::Integer:
      return "integer";
    case Codec::Sign:
      return "sign";
    case Codec::Constant:
      return "constant";
    case Codec::Sparse:
      return "sparse";
  }
  return "unknown";
}

unsigned code_bits(unsigned levels) { return static_cast<unsigned>(std::bit_width(levels - 1)); }

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
      return groups * (layout.wide_scales ? 8 : 4) + (layout.dithered ? lane::kStreamBytes : 0);
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

}  // namespace terse::quant
