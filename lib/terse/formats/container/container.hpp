#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "terse/core/bytes.hpp"
#include "terse/formats/container/frame.hpp"
#include "terse/formats/container/kind.hpp"
#include "terse/formats/container/record.hpp"

namespace terse::formats {

/// Running xxh3-128 over the headers of all records.
class HeaderHash {
 public:
  HeaderHash();
  ~HeaderHash();
  void reset();
  void update(std::span<const std::byte> header);
  std::array<std::byte, 16> digest() const;  ///< canonical byte order

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// 32 hexadecimal digits.
std::string to_hex(const std::array<std::byte, 16>& digest);

/// Writes the records of one stream (container.md). Knows nothing of what they hold.
class ContainerWriter {
 public:
  /// Writes BEGIN. @param begin  its raw content; the stream id is its hash
  ContainerWriter(core::ByteSink& sink, Kind kind, std::span<const std::byte> begin);

  /// One record. @param raw  1 to kLargestRawRecord bytes
  void record(RecordType type, std::span<const std::byte> raw) { record(static_cast<std::uint8_t>(type), true, raw); }
  void record(std::uint8_t type, bool critical, std::span<const std::byte> raw);
  /// CHUNK records of `head` followed by `content`, compressed on all threads. The cuts depend on the sizes only.
  /// @return bytes of the compressed frames
  std::uint64_t chunks(std::span<const std::byte> head, std::span<const std::byte> content);

  std::uint64_t offset() const { return offset_; }      ///< where the next record begins
  std::uint64_t sequence() const { return sequence_; }  ///< the next record's number
  /// Writes END. @return the hash over all headers
  std::array<std::byte, 16> finish(std::uint64_t index_offset);

 private:
  void write_record(std::uint8_t type, bool critical, std::uint32_t raw_length, const core::Bytes& frame);

  core::ByteSink& sink_;
  std::uint8_t kind_;
  std::uint64_t stream_id_, sequence_ = 0, offset_ = 0, raw_total_ = 0;
  HeaderHash hash_;
  std::vector<FrameCompressor> compressors_;  // one a slot of a batch
  std::vector<core::Bytes> frames_;
};

/// Reads the records of one stream. Everything that can be checked is checked before it is handed out; at the end
/// the count, the total, the hash over all headers and that nothing follows.
/// Errors name the source and the record.
class ContainerReader {
 public:
  /// Reads BEGIN. `source` outlives the reader.
  explicit ContainerReader(core::ByteSource& source);

  const core::Bytes& begin() const { return begin_; }
  const RecordHeader& begin_header() const { return first_; }
  Kind kind() const { return static_cast<Kind>(first_.kind - 1); }

  /// Next record that this version knows; those of a later minor version that are not critical are passed over.
  /// @return its header, or nullopt after END
  std::optional<RecordHeader> next();
  /// Offset of the record that next() returned.
  std::uint64_t offset() const { return record_offset_; }
  /// Appends the raw content of the record that next() returned to `into`. To be called once, or not at all: the
  /// record's checksum is checked all the same.
  void content(core::Bytes& into);

  /// END of a seekable source, its checksum and its length checked; the position is open afterwards.
  EndRecord read_end();
  /// Goes on with the record at `offset`, whose number must be `sequence` where that is known. Seekable sources only.
  /// What END says of all records cannot be checked any more.
  void jump(std::uint64_t offset, std::optional<std::uint64_t> sequence);
  /// Goes on with the record after BEGIN: everything can be checked again. Seekable sources only.
  void rewind();

  /// After next() returned nullopt.
  const EndRecord& end() const { return *end_; }

  /// An Error::BadInput that names the source and the current record.
  [[noreturn]] void refuse(const std::string& what) const;

 private:
  RecordHeader read_header(std::span<const std::byte, kRecordHeaderBytes> bytes);
  void read_frame();
  void finish(std::span<const std::byte, kRecordHeaderBytes> first_bytes);
  void read_exactly(std::span<std::byte> into, const char* what);

  core::ByteSource& source_;
  core::Bytes begin_, frame_;
  std::array<std::byte, kRecordHeaderBytes> begin_header_{};
  RecordHeader first_, current_;
  std::uint64_t offset_ = 0, record_offset_ = 0, sequence_ = 0, raw_total_ = 0;
  std::optional<std::uint64_t> first_index_offset_;
  bool frame_pending_ = false;
  bool whole_ = true;          // no jump since BEGIN
  bool any_sequence_ = false;  // the next record says where in the sequence we are
  std::optional<EndRecord> end_;
  HeaderHash hash_;
  FrameDecompressor decompressor_;
};

}  // namespace terse::formats
