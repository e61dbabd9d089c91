#include "stream_surgery.hpp"

#include <cstring>

#include "terse/core/error.hpp"
#include "terse/formats/container/container.hpp"
#include "terse/formats/container/crc32c.hpp"

namespace terse::formats::test {
namespace {

struct ItemParts {
  Value descriptor;
  core::Bytes content;
};

ItemParts split_item(const core::Bytes& raw) {
  std::uint32_t length;
  std::memcpy(&length, raw.data(), sizeof length);
  const auto cut = raw.begin() + sizeof length + length;
  return {unpack(std::span(raw).subspan(sizeof length, length)), core::Bytes(cut, raw.end())};
}

core::Bytes join_item(const ItemParts& parts) {
  const core::Bytes descriptor = pack(parts.descriptor);
  const auto length = static_cast<std::uint32_t>(descriptor.size());
  core::Bytes raw;
  const auto sink = core::memory_sink(raw);
  sink->write(core::as_bytes(&length, 1));
  sink->write(descriptor);
  sink->write(parts.content);
  return raw;
}

}  // namespace

core::Bytes RawRecord::raw() const {
  core::Bytes bytes(header.raw_length);
  FrameDecompressor().decompress(frame, bytes);
  return bytes;
}

void RawRecord::set_raw(std::span<const std::byte> raw) {
  FrameCompressor().compress(raw, frame);
  header.raw_length = static_cast<std::uint32_t>(raw.size());
  header.compressed_length = static_cast<std::uint32_t>(frame.size());
}

RawStream take_apart(std::span<const std::byte> bytes) {
  RawStream stream;
  while (true) {
    const auto head = bytes.first<kRecordHeaderBytes>();
    if (is_end(head)) {
      stream.end = decode_end(bytes.first<kEndBytes>());
      return stream;
    }
    RawRecord record{decode_header(head), {}};
    const auto frame = bytes.subspan(kRecordHeaderBytes, record.header.compressed_length);
    record.frame.assign(frame.begin(), frame.end());
    stream.records.push_back(std::move(record));
    bytes = bytes.subspan(kRecordHeaderBytes + frame.size());
  }
}

core::Bytes put_together(const RawStream& stream) {
  core::Bytes bytes;
  const auto sink = core::memory_sink(bytes);
  for (const RawRecord& record : stream.records) {
    sink->write(encode(record.header));
    sink->write(record.frame);
  }
  sink->write(encode(stream.end));
  return bytes;
}

void make_consistent(RawStream& stream) {
  HeaderHash hash;
  std::uint64_t offset = 0, raw_total = 0, sequence = 0;
  bool index_seen = false;
  for (RawRecord& record : stream.records) {
    record.header.sequence = sequence++;
    record.header.compressed_crc = crc32c(record.frame);
    if (record.header.type == static_cast<std::uint8_t>(RecordType::Index) && !index_seen) {
      stream.end.index_offset = offset;
      index_seen = true;
    }
    hash.update(encode(record.header));
    offset += kRecordHeaderBytes + record.frame.size();
    raw_total += record.header.raw_length;
  }
  stream.end.sequence = sequence;
  stream.end.raw_total = raw_total;
  stream.end.stream_length = offset + kEndBytes;
  stream.end.headers_hash = hash.digest();
}

RawRecord& record_of(RawStream& stream, std::string_view item) {
  for (RawRecord& record : stream.records)
    if (record.header.type == static_cast<std::uint8_t>(RecordType::Chunk) &&
        split_item(record.raw()).descriptor.at("name") == Value(item))
      return record;
  throw Error(Error::Internal, "no such item in the sample");
}

void edit_descriptor(RawRecord& record, const std::function<void(Value&)>& edit) {
  ItemParts parts = split_item(record.raw());
  edit(parts.descriptor);
  record.set_raw(join_item(parts));
}

void edit_content(RawRecord& record, const std::function<void(core::Bytes&)>& edit) {
  ItemParts parts = split_item(record.raw());
  edit(parts.content);
  record.set_raw(join_item(parts));
}

}  // namespace terse::formats::test
