#include "terse/quant/layout/layout.hpp"

#include <algorithm>
#include <bit>
#include <iterator>
#include <string>

#include "terse/core/error.hpp"
#include "terse/quant/lanes/grid.hpp"
#include "terse/quant/lanes/lane.hpp"

namespace terse::quant {

namespace {

constexpr std::uint64_t kMostElements = std::uint64_t{1} << 60;  // bytes and bits of so many still fit 64 bits

/// Throws unless a field is in its codec's range.
void require(bool in_range, const Layout& layout, std::string_view what) {
  if (!in_range) {
    throw Error(Error::BadInput, std::string(to_string(layout.codec)) + " layout: " + std::string(what));
  }
}

/// ceil(count * bits / 8), count ≤ kMostElements, bits ≤ 64.
std::uint64_t packed_bytes(std::uint64_t count, unsigned bits) { return count / 8 * bits + (count % 8 * bits + 7) / 8; }

std::uint64_t element_bytes(const Layout& layout) { return core::size_of(layout.dtype); }
std::uint64_t bit_each(const Layout& layout) { return packed_bytes(layout.count, 1); }
std::uint64_t nothing(const Layout&) { return 0; }
void check_nothing(const Layout&) {}

bool is_field(unsigned bits) { return bits == 2 || bits == 4 || bits == 8; }

void check_affine(const Layout& layout) {
  require(core::is_floating(layout.dtype), layout, "elements are not floating");
  require(layout.levels >= 2 && layout.levels <= 256, layout, "levels are not within 2 and 256");
  require(layout.steps == 0 || (layout.steps > layout.levels - 2 && layout.steps <= layout.levels - 1), layout,
          "steps do not fit the levels");
  require(!layout.centred || layout.steps != 0, layout, "a centred grid needs steps");
  require(!layout.fields || (is_field(layout.bits) && layout.bits >= code_bits(layout.levels)), layout,
          "fields are not of 2, 4 or 8 bits, or too narrow for the levels");
  require(layout.group != 0 && layout.group % kLanes == 0, layout, "group is not a multiple of 16");
}

/// Scales of `count` elements, then the random stream where decoding needs it.
std::uint64_t scale_bytes(const Layout& layout, std::uint64_t count) {
  const std::uint64_t groups = count / layout.group + (count % layout.group != 0);
  return groups * (layout.wide_scales ? 8 : 4) + (layout.dithered ? lane::kStreamBytes : 0);
}

void check_sparse(const Layout& layout) {
  check_affine(layout);
  require(has_sparse_form(layout.dtype), layout, "elements are wider than 32 bits");
  require(layout.kept <= layout.count, layout, "more elements kept than there are");
}

void check_integer(const Layout& layout) {
  require(!core::is_floating(layout.dtype), layout, "elements are not integers");
  require(layout.bits <= 8 * core::size_of(layout.dtype), layout, "codes are wider than the elements");
}

struct CodecTraits {
  Codec codec;
  std::string_view name;
  Fidelity fidelity;
  void (*check)(const Layout&);  ///< throws where a field is out of range
  std::uint64_t (*payload)(const Layout&);
  std::uint64_t (*metadata)(const Layout&);
};

/// In the order of Codec. What encodes and decodes: codec.cpp.
constexpr CodecTraits kCodecs[] = {
    {.codec = Codec::Raw,
     .name = "raw",
     .fidelity = Fidelity::Exact,
     .check = check_nothing,
     .payload = [](const Layout& layout) { return layout.count * element_bytes(layout); },
     .metadata = nothing},
    {.codec = Codec::Affine,
     .name = "affine",
     .fidelity = Fidelity::Unbiased,
     .check = check_affine,
     .payload = [](const Layout& layout) { return grid_bytes(grid_of(layout), layout.count); },
     .metadata = [](const Layout& layout) { return scale_bytes(layout, layout.count); }},
    {.codec = Codec::Mask,
     .name = "mask",
     .fidelity = Fidelity::Exact,
     .check = check_nothing,
     .payload = bit_each,
     .metadata = [](const Layout& layout) { return 2 * element_bytes(layout); }},
    {.codec = Codec::Integer,
     .name = "integer",
     .fidelity = Fidelity::Exact,
     .check = check_integer,
     .payload = [](const Layout& layout) { return packed_bytes(layout.count, layout.bits); },
     .metadata = [](const Layout&) { return std::uint64_t{sizeof(std::int64_t)}; }},
    {.codec = Codec::Sign,
     .name = "sign",
     .fidelity = Fidelity::Partial,
     .check = check_nothing,
     .payload = bit_each,
     .metadata = nothing},
    {.codec = Codec::Constant,
     .name = "constant",
     .fidelity = Fidelity::Exact,
     .check = check_nothing,
     .payload = nothing,
     .metadata = element_bytes},
    {.codec = Codec::Sparse,
     .name = "sparse",
     .fidelity = Fidelity::Unbiased,
     .check = check_sparse,
     .payload =
         [](const Layout& layout) { return mask_bytes(layout.count) + grid_bytes(grid_of(layout), layout.kept); },
     .metadata = [](const Layout& layout) { return scale_bytes(layout, layout.kept); }},
};

const CodecTraits& traits_of(Codec codec) {
  const auto index = static_cast<std::size_t>(codec);
  if (index >= std::size(kCodecs)) throw Error(Error::BadInput, "unknown codec " + std::to_string(index));
  return kCodecs[index];
}

constexpr bool in_order() {
  for (std::size_t i = 0; i < std::size(kCodecs); ++i) {
    if (kCodecs[i].codec != static_cast<Codec>(i)) return false;
  }
  return true;
}
static_assert(in_order());

/// The traits of a layout's codec, the layout being in their range.
const CodecTraits& checked(const Layout& layout) {
  const CodecTraits& traits = traits_of(layout.codec);
  require(layout.count <= kMostElements, layout, "too many elements");
  traits.check(layout);
  return traits;
}

}  // namespace

std::string_view to_string(Codec codec) { return traits_of(codec).name; }

Codec codec_from_string(std::string_view name) {
  const auto* found = std::ranges::find(kCodecs, name, &CodecTraits::name);
  if (found == std::end(kCodecs)) throw Error(Error::BadInput, "unknown codec '" + std::string(name) + "'");
  return found->codec;
}

Fidelity fidelity_of(Codec codec) { return traits_of(codec).fidelity; }

std::uint64_t payload_bytes(const Layout& layout) { return checked(layout).payload(layout); }

std::uint64_t metadata_bytes(const Layout& layout) { return checked(layout).metadata(layout); }

unsigned code_bits(unsigned levels) { return static_cast<unsigned>(std::bit_width(levels - 1)); }

Grid grid_of(const Layout& layout) {
  return make_grid(layout.levels, layout.fields ? 1u << layout.bits : layout.levels);
}

bool has_sparse_form(core::DType dtype) { return core::is_floating(dtype) && core::size_of(dtype) <= 4; }

std::uint64_t mask_bytes(std::uint64_t count) { return (count + 63) / 64 * 8; }

Layout sparse_layout(const Layout& affine, std::uint64_t kept) {
  Layout layout = affine;
  layout.codec = Codec::Sparse;
  layout.kept = kept;
  checked(layout);
  return layout;
}

}  // namespace terse::quant
