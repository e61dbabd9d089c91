#include "terse/train/data/idx.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "terse/core/bytes.hpp"
#include "terse/core/checked.hpp"
#include "terse/core/decompress.hpp"
#include "terse/core/error.hpp"

namespace terse::train {

namespace {

constexpr std::size_t kChunk = 8u << 20;

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

at::Tensor read_idx(const std::string& path, std::int64_t rank) {
  const auto source = core::decompressing_source(core::open_source(path));
  const auto magic = read_big_endian(*source);
  if (magic != (0x0800u | static_cast<std::uint32_t>(rank))) {
    throw Error(Error::BadInput, path + ": not an IDX file of unsigned bytes and rank " + std::to_string(rank));
  }
  std::vector<std::int64_t> shape(static_cast<std::size_t>(rank));
  for (auto& extent : shape) extent = read_big_endian(*source);
  const auto total = core::checked_numel(shape, path);
  const auto record = std::max<std::uint64_t>(1, shape[0] > 0 ? total / static_cast<std::uint64_t>(shape[0]) : 0);

  core::Bytes bytes;  // grows with what arrives, not with what the header claims
  while (bytes.size() < total) {
    const auto have = bytes.size();
    bytes.resize(std::min<std::uint64_t>(total, have + kChunk));
    const auto got = source->read(std::span(bytes).subspan(have));
    bytes.resize(have + got);
    if (got == 0) {
      throw Error(Error::BadInput,
                  path + ": ends in record " + std::to_string(have / record) + " of " + std::to_string(shape[0]));
    }
  }
  std::byte extra{};
  if (source->read({&extra, 1}) != 0) throw Error(Error::BadInput, path + ": longer than its header says");

  auto tensor = at::empty(shape, at::kByte);
  std::copy(bytes.begin(), bytes.end(), static_cast<std::byte*>(tensor.mutable_data_ptr()));
  return tensor;
}

}  // namespace terse::train
