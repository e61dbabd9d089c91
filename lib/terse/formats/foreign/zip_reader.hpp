#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "terse/core/bytes.hpp"

namespace terse::formats {

/// One file inside a zip archive, as the central directory describes it.
struct ZipEntry {
  std::string name;
  std::uint64_t bytes = 0;             ///< of the content
  std::uint64_t compressed_bytes = 0;  ///< of what is stored
  std::uint64_t header_offset = 0;     ///< of the local header
  std::uint32_t crc = 0;               ///< CRC-32 of the content
  bool deflated = false;               ///< false: stored as it is
};

/// Reads zip archives (zip64 too) whose entries are stored or deflated, as PyTorch (.pt2) and numpy (.npz) write
/// them. Every size is checked against the file before it is used, every content against its CRC-32.
/// @throws Error::BadInput naming the file, and the entry where there is one; Error::OutOfMemory where the entries hold
///         more than core::memory_limit() allows a file of this size
/// Source: PKWARE APPNOTE 6.3.10.
class ZipReader {
 public:
  /// @param source  seekable
  explicit ZipReader(std::unique_ptr<core::ByteSource> source);

  /// In the order of the central directory; names are unique.
  const std::vector<ZipEntry>& entries() const { return entries_; }
  /// The entry of that name, or nullptr.
  const ZipEntry* find(std::string_view name) const;

  /// Reads an entry's content into `into`, which holds entry.bytes bytes.
  void read(const ZipEntry& entry, std::span<std::byte> into);
  /// The same into a buffer of its own. @throws Error::BadInput where it is larger than `limit`
  core::Bytes read(const ZipEntry& entry, std::uint64_t limit);

  const std::string& name() const { return source_->name(); }

 private:
  struct Directory {
    std::uint64_t offset, bytes, entries;
  };
  Directory find_directory();
  void read_directory(const Directory& directory);
  void refuse_overlaps() const;
  std::uint64_t content_offset(const ZipEntry& entry);
  void read_at(std::uint64_t offset, std::span<std::byte> into, std::string_view what);
  void inflate_into(const ZipEntry& entry, std::uint64_t offset, std::span<std::byte> into);

  std::unique_ptr<core::ByteSource> source_;
  std::uint64_t file_bytes_ = 0;
  std::uint64_t directory_offset_ = 0;
  std::vector<ZipEntry> entries_;
  std::map<std::string, std::size_t, std::less<>> by_name_;
};

}  // namespace terse::formats
