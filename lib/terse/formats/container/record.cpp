#include "terse/formats/container/record.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include "terse/core/error.hpp"
#include "terse/formats/container/crc32c.hpp"
#include "terse/formats/container/kind.hpp"

namespace terse::formats {
namespace {

constexpr std::uint32_t kSkippableMagic = 0x184D2A54;  // the lowest byte is 'T'
constexpr char kSignature[4] = {'T', 'R', 'S', 'E'};
constexpr std::size_t kTypeOffset = 14;
constexpr std::uint8_t kCriticalFlag = 1;

[[noreturn]] void refuse(const std::string& what) { throw Error(Error::BadInput, what); }

template <class T>
void put(std::span<std::byte> bytes, std::size_t offset, T value) {
  std::memcpy(bytes.data() + offset, &value, sizeof value);
}

template <class T>
T get(std::span<const std::byte> bytes, std::size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

void put_common(std::span<std::byte> bytes, std::uint8_t major, std::uint8_t minor, std::uint8_t type, bool critical,
                std::uint64_t sequence, std::uint64_t stream_id) {
  put(bytes, 0, kSkippableMagic);
  put(bytes, 4, static_cast<std::uint32_t>(bytes.size() - 8));
  std::memcpy(bytes.data() + 8, kSignature, sizeof kSignature);
  put(bytes, 12, major);
  put(bytes, 13, minor);
  put(bytes, kTypeOffset, type);
  put(bytes, 15, critical ? kCriticalFlag : std::uint8_t{0});
  put(bytes, 16, sequence);
  put(bytes, 24, stream_id);
}

void put_crc(std::span<std::byte> bytes) {
  const std::size_t at = bytes.size() - 4;
  put(bytes, at, crc32c(bytes.first(at)));
}

/// What every header must satisfy before a field of it is believed.
void check_common(std::span<const std::byte> bytes, std::size_t reserved_from) {
  if (get<std::uint32_t>(bytes, 0) != kSkippableMagic || std::memcmp(bytes.data() + 8, kSignature, 4) != 0)
    refuse("not a Terse record");
  // Before the checksum: another major version may well have another layout.
  if (const auto major = get<std::uint8_t>(bytes, 12); major != kContainerMajor)
    refuse("container version " + std::to_string(major) + "." + std::to_string(get<std::uint8_t>(bytes, 13)) +
           ", but this program reads " + std::to_string(kContainerMajor) + ".x");
  const std::size_t crc_at = bytes.size() - 4;
  if (get<std::uint32_t>(bytes, crc_at) != crc32c(bytes.first(crc_at))) refuse("header checksum does not match");
  if (get<std::uint32_t>(bytes, 4) != bytes.size() - 8) refuse("header length is wrong");
  if (get<std::uint8_t>(bytes, 15) > kCriticalFlag) refuse("unknown flag");
  const auto reserved = bytes.subspan(reserved_from, crc_at - reserved_from);
  if (std::ranges::any_of(reserved, [](std::byte b) { return b != std::byte{0}; }))
    refuse("reserved bytes are not zero");
}

}  // namespace

std::array<std::byte, kRecordHeaderBytes> encode(const RecordHeader& h) {
  std::array<std::byte, kRecordHeaderBytes> bytes{};
  put_common(bytes, h.major, h.minor, h.type, h.critical, h.sequence, h.stream_id);
  put(bytes, 32, h.compressed_length);
  put(bytes, 36, h.raw_length);
  put(bytes, 40, h.compressed_crc);
  put(bytes, 44, h.kind);
  put_crc(bytes);
  return bytes;
}

std::array<std::byte, kEndBytes> encode(const EndRecord& e) {
  std::array<std::byte, kEndBytes> bytes{};
  put_common(bytes, e.major, e.minor, static_cast<std::uint8_t>(RecordType::End), true, e.sequence, e.stream_id);
  put(bytes, 32, e.raw_total);
  put(bytes, 40, e.index_offset);
  put(bytes, 48, e.stream_length);
  std::copy(e.headers_hash.begin(), e.headers_hash.end(), bytes.begin() + 56);
  put(bytes, 72, e.kind);
  put_crc(bytes);
  return bytes;
}

bool is_end(std::span<const std::byte, kRecordHeaderBytes> bytes) {
  return get<std::uint8_t>(bytes, kTypeOffset) == static_cast<std::uint8_t>(RecordType::End);
}

RecordHeader decode_header(std::span<const std::byte, kRecordHeaderBytes> bytes) {
  check_common(bytes, 45);
  RecordHeader h;
  h.major = get<std::uint8_t>(bytes, 12);
  h.minor = get<std::uint8_t>(bytes, 13);
  h.type = get<std::uint8_t>(bytes, kTypeOffset);
  h.critical = get<std::uint8_t>(bytes, 15) == kCriticalFlag;
  h.sequence = get<std::uint64_t>(bytes, 16);
  h.stream_id = get<std::uint64_t>(bytes, 24);
  h.compressed_length = get<std::uint32_t>(bytes, 32);
  h.raw_length = get<std::uint32_t>(bytes, 36);
  h.compressed_crc = get<std::uint32_t>(bytes, 40);
  h.kind = get<std::uint8_t>(bytes, 44);
  if (h.raw_length == 0 || h.raw_length > kLargestRawRecord)
    refuse("raw length " + std::to_string(h.raw_length) + " is not within 1.." + std::to_string(kLargestRawRecord));
  if (h.kind < 1 || h.kind > kKindCount) refuse("unknown kind " + std::to_string(h.kind));
  return h;
}

EndRecord decode_end(std::span<const std::byte, kEndBytes> bytes) {
  check_common(bytes, 73);
  if (get<std::uint8_t>(bytes, kTypeOffset) != static_cast<std::uint8_t>(RecordType::End)) refuse("not an END record");
  EndRecord e;
  e.major = get<std::uint8_t>(bytes, 12);
  e.minor = get<std::uint8_t>(bytes, 13);
  e.sequence = get<std::uint64_t>(bytes, 16);
  e.stream_id = get<std::uint64_t>(bytes, 24);
  e.raw_total = get<std::uint64_t>(bytes, 32);
  e.index_offset = get<std::uint64_t>(bytes, 40);
  e.stream_length = get<std::uint64_t>(bytes, 48);
  std::copy_n(bytes.begin() + 56, e.headers_hash.size(), e.headers_hash.begin());
  e.kind = get<std::uint8_t>(bytes, 72);
  return e;
}

}  // namespace terse::formats
