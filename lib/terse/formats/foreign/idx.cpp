#include "terse/formats/foreign/idx.hpp"

#include <algorithm>
#include <array>

#include "terse/core/checked.hpp"
#include "terse/core/decompress.hpp"
#include "terse/core/error.hpp"

namespace terse::formats {

namespace {

constexpr std::size_t kFirstPiece = 64u << 10, kLargestPiece = 8u << 20;

std::uint32_t read_big_endian(core::ByteSource& source) {
  std::array<std::byte, 4> bytes{};
  for (std::size_t have = 0; have < bytes.size();) {
    const auto got = source.read(std::span(bytes).subspan(have));
    if (got == 0) throw Error(Error::BadInput, source.name() + ": the header is cut");
    have += got;
  }
  std::uint32_t value = 0;
  for (const auto byte : bytes) value = value << 8 | std::to_integer<std::uint32_t>(byte);
  return value;
}

}  // namespace

Tensor read_idx(std::unique_ptr<core::ByteSource> stored, std::size_t rank) {
  const auto source = core::decompressing_source(std::move(stored));
  const auto& name = source->name();
  const auto magic = read_big_endian(*source);
  if (magic != (0x0800u | static_cast<std::uint32_t>(rank))) {
    throw Error(Error::BadInput, name + ": not an IDX file of unsigned bytes and rank " + std::to_string(rank));
  }
  Tensor tensor{{name, core::DType::UInt8, std::vector<std::int64_t>(rank)}, {}};
  auto& shape = tensor.info.shape;
  for (auto& extent : shape) extent = read_big_endian(*source);
  const auto total = core::checked_numel(shape, name);
  const auto record = std::max<std::uint64_t>(1, shape[0] > 0 ? total / static_cast<std::uint64_t>(shape[0]) : 0);

  core::Bytes& bytes = tensor.data;  // grows with what arrives, not with what the header claims
  while (bytes.size() < total) {
    const auto have = bytes.size();
    bytes.resize(std::min<std::uint64_t>(total, have + std::clamp(have, kFirstPiece, kLargestPiece)));
    const auto got = source->read(std::span(bytes).subspan(have));
    bytes.resize(have + got);
    if (got == 0) {
      throw Error(Error::BadInput,
                  name + ": ends in record " + std::to_string(have / record) + " of " + std::to_string(shape[0]));
    }
  }
  std::byte extra{};
  if (source->read({&extra, 1}) != 0) throw Error(Error::BadInput, name + ": longer than its header says");
  return tensor;
}

}  // namespace terse::formats
