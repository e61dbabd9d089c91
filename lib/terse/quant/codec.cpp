#include "terse/quant/codec.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <string>

#include "terse/core/error.hpp"
#include "terse/core/parallel.hpp"
#include "terse/quant/affine/affine.hpp"
#include "terse/quant/affine/sparse.hpp"
#include "terse/quant/lanes/bits.hpp"
#include "terse/quant/lanes/element.hpp"
#include "terse/quant/lanes/gather.hpp"
#include "terse/quant/lossless/integer.hpp"

namespace terse::quant {

namespace {

constexpr std::size_t kGrain = 1 << 16;  // elements, a multiple of 64

void check_sizes(const Layout& layout, std::size_t payload, std::size_t metadata, Error::Code code) {
  const auto check = [&](const char* what, std::uint64_t wanted, std::size_t given) {
    if (wanted == given) return;
    throw Error(code, std::string(to_string(layout.codec)) + ' ' + what + " of " + std::to_string(layout.count) +
                          " elements has " + std::to_string(given) + " bytes, not " + std::to_string(wanted));
  };
  check("payload", payload_bytes(layout), payload);
  check("metadata", metadata_bytes(layout), metadata);
}

/// Index of the first element that differs from x[0] in its bits; count if there is none.
std::uint64_t first_other(core::DType dtype, const void* x, std::uint64_t count) {
  return visit_bits(dtype, [&]<class T>(T) {
    const T* bits = static_cast<const T*>(x);
    std::uint64_t i = 0;
    while (i < count && bits[i] == bits[0]) ++i;
    return i;
  });
}

bool encode_constant(const void* x, const Layout& layout, std::byte* metadata) {
  const std::size_t size = core::size_of(layout.dtype);
  if (layout.count == 0) {
    std::memset(metadata, 0, size);
    return true;
  }
  std::memcpy(metadata, x, size);
  return first_other(layout.dtype, x, layout.count) == layout.count;
}

/// The values are the two that occur, in the order of their first occurrence.
bool encode_mask(const void* x, const Layout& layout, std::byte* payload, std::byte* metadata) {
  const std::size_t size = core::size_of(layout.dtype);
  if (layout.count == 0) {
    std::memset(metadata, 0, 2 * size);
    return true;
  }
  const auto* elements = static_cast<const std::byte*>(x);
  const std::uint64_t other = first_other(layout.dtype, x, layout.count);
  std::memcpy(metadata, elements, size);
  std::memcpy(metadata + size, other < layout.count ? elements + other * size : elements, size);
  std::atomic<bool> fits = true;
  core::parallel_for(layout.count, kGrain, [&](std::size_t begin, std::size_t end) {
    if (!pack_mask(layout.dtype, elements + begin * size, end - begin, metadata, payload + begin / 8)) fits = false;
  });
  return fits;
}

/// The bits of 0 and 1 as elements.
void zero_and_one(core::DType dtype, std::byte* values) {
  std::memset(values, 0, 2 * core::size_of(dtype));
  const auto put = [&](auto one) { std::memcpy(values + sizeof one, &one, sizeof one); };
  switch (dtype) {
    case core::DType::Float32:
      return put(1.0f);
    case core::DType::Float64:
      return put(1.0);
    case core::DType::Float16:
      return put(std::uint16_t{0x3C00});
    case core::DType::BFloat16:
      return put(std::uint16_t{0x3F80});
    default:
      return visit_integer(dtype, [&]<class T>(T) { put(T{1}); });
  }
}

void decode_bits(const Layout& layout, const std::byte* payload, const std::byte* values, void* out) {
  core::parallel_for(layout.count, kGrain, [&](std::size_t begin, std::size_t end) {
    unpack_bits(layout.dtype, payload + begin / 8, end - begin, values,
                static_cast<std::byte*>(out) + begin * core::size_of(layout.dtype));
  });
}

void copy(const void* from, void* to, std::size_t bytes) {
  if (bytes == 0) return;
  core::parallel_for(bytes, kGrain * 4, [&](std::size_t begin, std::size_t end) {
    std::memcpy(static_cast<std::byte*>(to) + begin, static_cast<const std::byte*>(from) + begin, end - begin);
  });
}

}  // namespace

bool try_encode(const void* x, const Layout& layout, const core::RandomKey& key, std::span<std::byte> payload,
                std::span<std::byte> metadata) {
  check_sizes(layout, payload.size(), metadata.size(), Error::Usage);
  switch (layout.codec) {
    case Codec::Raw:
      copy(x, payload.data(), payload.size());
      return true;
    case Codec::Affine:
      return encode_affine(x, layout, key, payload.data(), metadata.data());
    case Codec::Mask:
      return encode_mask(x, layout, payload.data(), metadata.data());
    case Codec::Integer:
      return encode_integer(x, layout, payload.data(), metadata.data());
    case Codec::Constant:
      return encode_constant(x, layout, metadata.data());
    case Codec::Sparse:
      return mask_nonzero(x, layout.count, layout.dtype, payload.first(mask_bytes(layout.count))) == layout.kept &&
             encode_sparse(x, layout, key, payload.data(), metadata.data());
    case Codec::Sign:
      break;
  }
  std::atomic<bool> fits = true;
  core::parallel_for(layout.count, kGrain, [&](std::size_t begin, std::size_t end) {
    if (!pack_sign(layout.dtype, static_cast<const std::byte*>(x) + begin * core::size_of(layout.dtype), end - begin,
                   payload.data() + begin / 8))
      fits = false;
  });
  return fits;
}

bool try_encode_masked(const void* x, const Layout& layout, const core::RandomKey& key, std::span<std::byte> payload,
                       std::span<std::byte> metadata) {
  check_sizes(layout, payload.size(), metadata.size(), Error::Usage);
  return layout.codec == Codec::Sparse && encode_sparse(x, layout, key, payload.data(), metadata.data());
}

std::uint64_t mask_nonzero(const void* x, std::uint64_t count, core::DType dtype, std::span<std::byte> mask) {
  if (mask.size() != mask_bytes(count)) throw Error(Error::Usage, "mask of another size");
  if (count == 0) return 0;
  std::memset(mask.data() + mask.size() - 8, 0, 8);
  std::atomic<std::uint64_t> kept = 0;
  core::parallel_for(count, kGrain, [&](std::size_t begin, std::size_t end) {
    kept += pack_nonzero(dtype, static_cast<const std::byte*>(x) + begin * core::size_of(dtype), end - begin,
                         mask.data() + begin / 8);
  });
  return kept;
}

std::uint64_t count_kept(std::span<const std::byte> mask, std::uint64_t count) {
  std::atomic<std::uint64_t> kept = 0;
  core::parallel_for(count, kGrain * 16, [&](std::size_t begin, std::size_t end) {
    kept += count_set(mask.data() + begin / 8, end - begin);
  });
  return kept;
}

void encode(const void* x, const Layout& layout, const core::RandomKey& key, std::span<std::byte> payload,
            std::span<std::byte> metadata) {
  if (!try_encode(x, layout, key, payload, metadata)) {
    throw Error(Error::BadInput, "tensor of " + std::to_string(layout.count) + " elements does not fit codec " +
                                     std::string(to_string(layout.codec)));
  }
}

void decode(const Layout& layout, std::span<const std::byte> payload, std::span<const std::byte> metadata, void* out) {
  check_sizes(layout, payload.size(), metadata.size(), Error::BadInput);
  switch (layout.codec) {
    case Codec::Raw:
      return copy(payload.data(), out, payload.size());
    case Codec::Affine:
      return decode_affine(layout, payload.data(), metadata.data(), out);
    case Codec::Mask:
      return decode_bits(layout, payload.data(), metadata.data(), out);
    case Codec::Integer:
      return decode_integer(layout, payload.data(), metadata.data(), out);
    case Codec::Sparse:
      return decode_sparse(layout, payload.data(), metadata.data(), out);
    case Codec::Sign: {
      std::byte values[16];
      zero_and_one(layout.dtype, values);
      return decode_bits(layout, payload.data(), values, out);
    }
    case Codec::Constant:
      return visit_bits(layout.dtype, [&]<class T>(T value) {
        std::memcpy(&value, metadata.data(), sizeof value);
        core::parallel_for(layout.count, kGrain, [&](std::size_t begin, std::size_t end) {
          std::fill(static_cast<T*>(out) + begin, static_cast<T*>(out) + end, value);
        });
      });
  }
}

}  // namespace terse::quant
