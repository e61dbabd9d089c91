#include "terse/quant/codec.hpp"

#include <cstring>
#include <string>

#include "terse/core/error.hpp"
#include "terse/core/parallel.hpp"
#include "terse/quant/affine/affine.hpp"
#include "terse/quant/affine/sparse.hpp"
#include "terse/quant/lossless/few_values.hpp"
#include "terse/quant/lossless/integer.hpp"

namespace terse::quant {

namespace {

constexpr std::size_t kCopied = 1 << 18;  // bytes of a thread's piece of work

void check_sizes(const Layout& layout, std::size_t payload, std::size_t metadata, Error::Code code) {
  const auto check = [&](const char* what, std::uint64_t wanted, std::size_t given) {
    if (wanted == given) return;
    throw Error(code, std::string(to_string(layout.codec)) + ' ' + what + " of " + std::to_string(layout.count) +
                          " elements has " + std::to_string(given) + " bytes, not " + std::to_string(wanted));
  };
  check("payload", payload_bytes(layout), payload);
  check("metadata", metadata_bytes(layout), metadata);
}

void copy(const void* from, void* to, std::size_t bytes) {
  if (bytes == 0) return;
  core::parallel_for(bytes, kCopied, [&](std::size_t begin, std::size_t end) {
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
    case Codec::Sign:
      return encode_sign(x, layout, payload.data());
    case Codec::Constant:
      return encode_constant(x, layout, metadata.data());
    case Codec::Sparse:
      return mask_nonzero(x, layout.count, layout.dtype, payload.first(mask_bytes(layout.count))) == layout.kept &&
             encode_sparse(x, layout, key, payload.data(), metadata.data());
  }
  return false;  // check_sizes refused any other codec
}

bool try_encode_masked(const void* x, const Layout& layout, const core::RandomKey& key, std::span<std::byte> payload,
                       std::span<std::byte> metadata) {
  check_sizes(layout, payload.size(), metadata.size(), Error::Usage);
  return layout.codec == Codec::Sparse && encode_sparse(x, layout, key, payload.data(), metadata.data());
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
      return decode_mask(layout, payload.data(), metadata.data(), out);
    case Codec::Integer:
      return decode_integer(layout, payload.data(), metadata.data(), out);
    case Codec::Sign:
      return decode_sign(layout, payload.data(), out);
    case Codec::Constant:
      return decode_constant(layout, metadata.data(), out);
    case Codec::Sparse:
      return decode_sparse(layout, payload.data(), metadata.data(), out);
  }
}

}  // namespace terse::quant
