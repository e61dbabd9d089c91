#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace terse::formats {

/// Version of the container, in every record header. Another major is refused; a higher minor may add records that
/// are not critical and keys in documents.
inline constexpr std::uint8_t kContainerMajor = 1, kContainerMinor = 0;

inline constexpr std::size_t kRecordHeaderBytes = 64;
inline constexpr std::size_t kEndBytes = 96;
inline constexpr std::uint32_t kLargestRawRecord = 8u << 20;

enum class RecordType : std::uint8_t { Begin = 1, Chunk = 2, Index = 3, End = 4 };

/// Header of a record, a zstd skippable frame of 64 bytes. Layout, little-endian (container.md):
///
///      0  u32  0x184D2A54, a skippable frame's magic number   28  (in stream id)
///      4  u32  56, what follows in the skippable frame        32  u32  compressed length
///      8  4    "TRSE"                                         36  u32  raw length
///     12  u8   major version    13  u8  minor version         40  u32  CRC32C of the compressed bytes
///     14  u8   type             15  u8  bit 0: critical       44  u8   kind + 1
///     16  u64  sequence number                                45  15   zero
///     24  u64  stream id                                      60  u32  CRC32C of bytes 0..59
struct RecordHeader {
  std::uint8_t major = kContainerMajor, minor = kContainerMinor;
  std::uint8_t type = 0;  ///< a RecordType, or one of a later minor version
  bool critical = true;
  std::uint64_t sequence = 0;   ///< 0 for BEGIN, one more for each record
  std::uint64_t stream_id = 0;  ///< xxh3-64 of BEGIN's raw content: which stream the record belongs to
  std::uint32_t compressed_length = 0, raw_length = 0, compressed_crc = 0;
  std::uint8_t kind = 0;  ///< where magic(5) finds it
};

/// The record that ends a stream: a bare skippable frame of 96 bytes, so that a seekable reader finds it.
///
///      0..15 as in RecordHeader, with length 88 and type End   56  16   xxh3-128, canonical (big-endian), of the
///     16  u64  sequence number = records before this one                headers of all records before this one
///     24  u64  stream id                                      72  u8   kind + 1
///     32  u64  raw bytes of all records                       73  19   zero
///     40  u64  offset of the first INDEX record               92  u32  CRC32C of bytes 0..91
///     48  u64  length of the stream, this record included
struct EndRecord {
  std::uint8_t major = kContainerMajor, minor = kContainerMinor;
  std::uint64_t sequence = 0, stream_id = 0, raw_total = 0, index_offset = 0, stream_length = 0;
  std::array<std::byte, 16> headers_hash{};
  std::uint8_t kind = 0;
};

std::array<std::byte, kRecordHeaderBytes> encode(const RecordHeader& header);
std::array<std::byte, kEndBytes> encode(const EndRecord& end);

/// Whether a 64-byte header begins an END record.
bool is_end(std::span<const std::byte, kRecordHeaderBytes> bytes);

// @throws Error::BadInput saying what is wrong; another major version is named beside ours
RecordHeader decode_header(std::span<const std::byte, kRecordHeaderBytes> bytes);
EndRecord decode_end(std::span<const std::byte, kEndBytes> bytes);

}  // namespace terse::formats
