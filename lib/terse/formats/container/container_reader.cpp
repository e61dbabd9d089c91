#include <algorithm>
#include <utility>

#include <xxhash.h>

#include "terse/core/error.hpp"
#include "terse/formats/container/container.hpp"
#include "terse/formats/container/crc32c.hpp"

namespace terse::formats {
namespace {

constexpr std::size_t kReadStep = 1u << 20;  // a buffer grows by what has arrived, not by what was promised

bool is(const RecordHeader& header, RecordType type) { return header.type == static_cast<std::uint8_t>(type); }

bool known(const RecordHeader& header) {
  return is(header, RecordType::Begin) || is(header, RecordType::Chunk) || is(header, RecordType::Index);
}

}  // namespace

ContainerReader::ContainerReader(core::ByteSource& source) : source_(source) {
  const std::size_t got = source_.read(begin_header_);
  if (got == 0) throw Error(Error::BadInput, source_.name() + ": empty, not a Terse artifact");
  if (got < begin_header_.size()) throw Error(Error::BadInput, source_.name() + ": too short for a Terse artifact");
  offset_ = got;
  if (is_end(begin_header_)) refuse("END where BEGIN should be");
  current_ = first_ = read_header(begin_header_);
  if (!is(first_, RecordType::Begin)) refuse("not BEGIN: the stream does not start here");
  content(begin_);
  if (XXH3_64bits(begin_.data(), begin_.size()) != first_.stream_id) refuse("stream id is not that of its content");
}

void ContainerReader::refuse(const std::string& what) const {
  throw Error(Error::BadInput, source_.name() + ": record " + std::to_string(sequence_) + ": " + what);
}

void ContainerReader::read_exactly(std::span<std::byte> into, const char* what) {
  const std::size_t got = source_.read(into);
  offset_ += got;
  if (got < into.size()) refuse(std::string("truncated in ") + what);
}

RecordHeader ContainerReader::read_header(std::span<const std::byte, kRecordHeaderBytes> bytes) {
  RecordHeader header;
  try {
    header = decode_header(bytes);
  } catch (const Error& error) {
    refuse(error.what());
  }
  if (header.compressed_length == 0 || header.compressed_length > largest_frame_bytes())
    refuse("compressed length " + std::to_string(header.compressed_length) + " is not possible");
  if (std::exchange(any_sequence_, false)) sequence_ = header.sequence;
  if (header.sequence != sequence_)
    refuse("is numbered " + std::to_string(header.sequence) + ": records are missing, doubled or out of order");
  hash_.update(bytes);
  raw_total_ += header.raw_length;
  frame_pending_ = true;
  return header;
}

void ContainerReader::read_frame() {
  frame_.clear();
  while (frame_.size() < current_.compressed_length) {
    const std::size_t have = frame_.size();
    frame_.resize(std::min<std::size_t>(have + kReadStep, current_.compressed_length));
    read_exactly(std::span(frame_).subspan(have), "its content");
  }
  frame_pending_ = false;
  if (crc32c(frame_) != current_.compressed_crc) refuse("checksum does not match");
}

void ContainerReader::content(core::Bytes& into) {
  if (!frame_pending_) throw Error(Error::Internal, "a record's content was asked for twice");
  read_frame();
  const std::size_t have = into.size();
  try {
    into.resize(have + current_.raw_length);
    decompressor_.decompress(frame_, std::span(into).subspan(have));
  } catch (const Error& error) {
    refuse(error.what());
  }
}

std::optional<RecordHeader> ContainerReader::next() {
  while (true) {
    if (end_) return std::nullopt;
    if (frame_pending_) read_frame();
    ++sequence_;
    record_offset_ = offset_;
    std::array<std::byte, kRecordHeaderBytes> bytes{};
    read_exactly(bytes, "its header");
    if (is_end(bytes)) {
      finish(bytes);
      return std::nullopt;
    }
    current_ = read_header(bytes);
    if (current_.stream_id != first_.stream_id) refuse("belongs to another stream");
    if (current_.kind != first_.kind || current_.minor != first_.minor) refuse("kind or version differs from BEGIN's");
    if (known(current_)) {
      if (is(current_, RecordType::Begin)) refuse("a second BEGIN");
      if (!current_.critical) refuse("a record of this type is critical");
      if (is(current_, RecordType::Index) && !first_index_offset_) first_index_offset_ = record_offset_;
      return current_;
    }
    if (current_.critical || current_.minor <= kContainerMinor)
      refuse("unknown record type " + std::to_string(current_.type));
  }
}

void ContainerReader::finish(std::span<const std::byte, kRecordHeaderBytes> first_bytes) {
  std::array<std::byte, kEndBytes> bytes{};
  std::ranges::copy(first_bytes, bytes.begin());
  read_exactly(std::span(bytes).subspan(kRecordHeaderBytes), "END");
  EndRecord end;
  try {
    end = decode_end(bytes);
  } catch (const Error& error) {
    refuse(error.what());
  }
  if (end.sequence != sequence_) refuse("END counts " + std::to_string(end.sequence) + " records before it");
  if (end.stream_id != first_.stream_id || end.kind != first_.kind || end.minor != first_.minor)
    refuse("END belongs to another stream");
  if (end.stream_length != offset_) refuse("END gives another length of the stream");
  if (!first_index_offset_) refuse("no INDEX before END");
  if (whole_ && end.index_offset != *first_index_offset_) refuse("END gives another place of INDEX");
  if (whole_ && end.raw_total != raw_total_) refuse("END gives another raw total");
  if (whole_ && end.headers_hash != hash_.digest()) refuse("hash over all headers does not match");
  std::byte extra;
  if (source_.read({&extra, 1}) != 0) refuse("bytes follow END");
  end_ = end;
}

EndRecord ContainerReader::read_end() {
  const std::uint64_t size = source_.size().value();
  const auto refuse_end = [&](const std::string& what) {
    throw Error(Error::BadInput, source_.name() + ": END: " + what);
  };
  if (size < kRecordHeaderBytes + kEndBytes) refuse_end("truncated");
  source_.seek(size - kEndBytes);
  std::array<std::byte, kEndBytes> bytes{};
  if (source_.read(bytes) != bytes.size()) refuse_end("truncated");
  EndRecord end;
  try {
    end = decode_end(bytes);
  } catch (const Error& error) {
    refuse_end(std::string(error.what()) + " (truncated, or bytes follow)");
  }
  if (end.stream_length != size || end.index_offset >= size) refuse_end("gives another length of the stream");
  if (end.stream_id != first_.stream_id || end.kind != first_.kind || end.minor != first_.minor)
    refuse_end("belongs to another stream");
  return end;
}

void ContainerReader::jump(std::uint64_t offset, std::optional<std::uint64_t> sequence) {
  source_.seek(offset);
  offset_ = offset;
  sequence_ = sequence.value_or(1) - 1;  // next() counts up
  any_sequence_ = !sequence;
  frame_pending_ = false;
  whole_ = false;
  first_index_offset_.reset();
  end_.reset();
}

void ContainerReader::rewind() {
  jump(kRecordHeaderBytes + first_.compressed_length, 1);
  hash_.reset();
  hash_.update(begin_header_);
  raw_total_ = first_.raw_length;
  whole_ = true;
}

}  // namespace terse::formats
