#include <algorithm>

#include <xxhash.h>

#include "terse/core/error.hpp"
#include "terse/core/parallel.hpp"
#include "terse/formats/container/container.hpp"
#include "terse/formats/container/crc32c.hpp"

namespace terse::formats {
namespace {

// Small enough to stay in a core's cache and to give every thread its share, large enough that headers cost
// nothing.
constexpr std::size_t kChunkBytes = 1u << 20;

}  // namespace

struct HeaderHash::State {
  std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> xxh{XXH3_createState(), &XXH3_freeState};
};

HeaderHash::HeaderHash() : state_(std::make_unique<State>()) {
  if (!state_->xxh) throw std::bad_alloc();
  reset();
}

HeaderHash::~HeaderHash() = default;

void HeaderHash::reset() { XXH3_128bits_reset(state_->xxh.get()); }

void HeaderHash::update(std::span<const std::byte> header) {
  XXH3_128bits_update(state_->xxh.get(), header.data(), header.size());
}

std::array<std::byte, 16> HeaderHash::digest() const {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state_->xxh.get()));
  std::array<std::byte, 16> bytes{};
  std::ranges::transform(canonical.digest, bytes.begin(), [](unsigned char c) { return std::byte{c}; });
  return bytes;
}

std::string to_hex(const std::array<std::byte, 16>& digest) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const std::byte b : digest) {
    text += kDigits[std::to_integer<unsigned>(b) >> 4];
    text += kDigits[std::to_integer<unsigned>(b) & 15];
  }
  return text;
}

ContainerWriter::ContainerWriter(core::ByteSink& sink, Kind kind, std::span<const std::byte> begin)
    : sink_(sink),
      kind_(static_cast<std::uint8_t>(static_cast<int>(kind) + 1)),
      stream_id_(XXH3_64bits(begin.data(), begin.size())),
      compressors_(1),
      frames_(1) {
  record(RecordType::Begin, begin);
}

void ContainerWriter::record(std::uint8_t type, bool critical, std::span<const std::byte> raw) {
  if (raw.empty() || raw.size() > kLargestRawRecord) throw Error(Error::Internal, "record of a wrong size");
  compressors_[0].compress(raw, frames_[0]);
  write_record(type, critical, static_cast<std::uint32_t>(raw.size()), frames_[0]);
}

std::uint64_t ContainerWriter::chunks(std::span<const std::byte> head, std::span<const std::byte> content) {
  const std::size_t in_first = std::min(content.size(), head.size() < kChunkBytes ? kChunkBytes - head.size() : 0);
  core::Bytes first(head.begin(), head.end());
  first.insert(first.end(), content.begin(), content.begin() + static_cast<std::ptrdiff_t>(in_first));
  std::uint64_t before = offset_;
  record(RecordType::Chunk, first);
  std::uint64_t headers = 1;

  std::span<const std::byte> rest = content.subspan(in_first);
  const std::size_t slots = std::min<std::size_t>(static_cast<std::size_t>(std::max(core::threads(), 1)),
                                                  (rest.size() + kChunkBytes - 1) / kChunkBytes);
  while (compressors_.size() < slots) compressors_.emplace_back();
  if (frames_.size() < slots) frames_.resize(slots);
  while (!rest.empty()) {
    const auto piece = [&](std::size_t i) {
      return rest.subspan(i * kChunkBytes, std::min(kChunkBytes, rest.size() - i * kChunkBytes));
    };
    const std::size_t batch = std::min(slots, (rest.size() + kChunkBytes - 1) / kChunkBytes);
    core::parallel_for(batch, 1, [&](std::size_t from, std::size_t to) {
      for (std::size_t i = from; i < to; ++i) compressors_[i].compress(piece(i), frames_[i]);
    });
    for (std::size_t i = 0; i < batch; ++i)
      write_record(static_cast<std::uint8_t>(RecordType::Chunk), true, static_cast<std::uint32_t>(piece(i).size()),
                   frames_[i]);
    headers += batch;
    rest = rest.subspan(std::min(rest.size(), batch * kChunkBytes));
  }
  return offset_ - before - headers * kRecordHeaderBytes;
}

void ContainerWriter::write_record(std::uint8_t type, bool critical, std::uint32_t raw_length,
                                   const core::Bytes& frame) {
  RecordHeader header;
  header.type = type;
  header.critical = critical;
  header.sequence = sequence_++;
  header.stream_id = stream_id_;
  header.compressed_length = static_cast<std::uint32_t>(frame.size());
  header.raw_length = raw_length;
  header.compressed_crc = crc32c(frame);
  header.kind = kind_;
  const auto bytes = encode(header);
  hash_.update(bytes);
  sink_.write(bytes);
  sink_.write(frame);
  offset_ += bytes.size() + frame.size();
  raw_total_ += raw_length;
}

std::array<std::byte, 16> ContainerWriter::finish(std::uint64_t index_offset) {
  EndRecord end;
  end.sequence = sequence_;
  end.stream_id = stream_id_;
  end.raw_total = raw_total_;
  end.index_offset = index_offset;
  end.stream_length = offset_ + kEndBytes;
  end.headers_hash = hash_.digest();
  end.kind = kind_;
  sink_.write(encode(end));
  return end.headers_hash;
}

}  // namespace terse::formats
