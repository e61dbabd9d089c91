#include "terse/formats/foreign/zip_reader.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>

#include "terse/core/error.hpp"
#include "terse/core/limits.hpp"

namespace terse::formats {

namespace {

constexpr std::uint32_t kEndSignature = 0x06054b50, kEnd64Signature = 0x06064b50, kLocator64Signature = 0x07064b50,
                        kEntrySignature = 0x02014b50, kLocalSignature = 0x04034b50;
constexpr std::size_t kEndBytes = 22, kLocator64Bytes = 20, kEnd64Bytes = 56, kEntryBytes = 46, kLocalBytes = 30;
constexpr std::uint32_t kSaturated32 = 0xffffffff;  // "see the zip64 field"
constexpr std::uint64_t kSaturated16 = 0xffff;
constexpr std::uint64_t kLargestDirectory = 256u << 20;
constexpr std::uint64_t kLargestDeflateRatio = 1032;
constexpr std::size_t kPiece = 1u << 20;

/// Little-endian integers out of a buffer whose length the caller has checked.
template <class T>
T little(std::span<const std::byte> bytes, std::size_t at) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<T>(value | static_cast<T>(static_cast<T>(bytes[at + i]) << (8 * i)));
  }
  return value;
}

Error bad(const std::string& file, const std::string& what) { return {Error::BadInput, file + ": " + what}; }

/// Sizes and offset that did not fit 32 bits, from the zip64 extra field (tag 1), in the order APPNOTE gives them.
void apply_zip64(std::span<const std::byte> extra, ZipEntry& entry) {
  for (std::size_t at = 0; at + 4 <= extra.size();) {
    const auto tag = little<std::uint16_t>(extra, at);
    const std::size_t length = little<std::uint16_t>(extra, at + 2);
    if (length > extra.size() - at - 4) return;
    if (tag == 1) {
      const auto field = extra.subspan(at + 4, length);
      std::size_t next = 0;
      for (std::uint64_t* value : {&entry.bytes, &entry.compressed_bytes, &entry.header_offset}) {
        if (*value == kSaturated32 && next + 8 <= field.size()) {
          *value = little<std::uint64_t>(field, next);
          next += 8;
        }
      }
      return;
    }
    at += 4 + length;
  }
}

}  // namespace

ZipReader::ZipReader(std::unique_ptr<core::ByteSource> source) : source_(std::move(source)) {
  const auto size = source_->size();
  if (!size) throw bad(name(), "a zip archive must be a file that can be read from its end");
  file_bytes_ = *size;
  read_directory(find_directory());
}

const ZipEntry* ZipReader::find(std::string_view entry) const {
  const auto found = by_name_.find(entry);
  return found == by_name_.end() ? nullptr : &entries_[found->second];
}

void ZipReader::read_at(std::uint64_t offset, std::span<std::byte> into, std::string_view what) {
  if (offset > file_bytes_ || into.size() > file_bytes_ - offset) {
    throw bad(name(), "truncated in " + std::string(what));
  }
  source_->seek(offset);
  for (std::size_t done = 0; done < into.size();) {
    const std::size_t got = source_->read(into.subspan(done));
    if (got == 0) throw bad(name(), "truncated in " + std::string(what));
    done += got;
  }
}

ZipReader::Directory ZipReader::find_directory() {
  // The end record is last but for a comment of at most 64 KiB, so look for it from the end of the file.
  const std::size_t tail_bytes = static_cast<std::size_t>(std::min<std::uint64_t>(file_bytes_, kEndBytes + 0xffff));
  core::Bytes tail(tail_bytes);
  read_at(file_bytes_ - tail_bytes, tail, "end of archive");
  std::size_t at = tail_bytes < kEndBytes ? 0 : tail_bytes - kEndBytes + 1;
  while (at > 0 && little<std::uint32_t>(tail, at - 1) != kEndSignature) --at;
  if (at == 0) throw bad(name(), "not a zip archive, or its end is missing");
  --at;

  Directory directory{little<std::uint32_t>(tail, at + 16), little<std::uint32_t>(tail, at + 12),
                      little<std::uint16_t>(tail, at + 10)};
  const std::uint64_t end_offset = file_bytes_ - tail_bytes + at;
  const bool saturated =
      directory.offset == kSaturated32 || directory.bytes == kSaturated32 || directory.entries == kSaturated16;
  if (saturated) {
    if (end_offset < kLocator64Bytes) throw bad(name(), "zip64 end record is missing");
    std::array<std::byte, kLocator64Bytes> locator{};
    read_at(end_offset - kLocator64Bytes, locator, "zip64 locator");
    std::array<std::byte, kEnd64Bytes> end64{};
    if (little<std::uint32_t>(locator, 0) != kLocator64Signature) throw bad(name(), "zip64 end record is missing");
    read_at(little<std::uint64_t>(locator, 8), end64, "zip64 end record");
    if (little<std::uint32_t>(end64, 0) != kEnd64Signature) throw bad(name(), "zip64 end record is damaged");
    directory = {little<std::uint64_t>(end64, 48), little<std::uint64_t>(end64, 40), little<std::uint64_t>(end64, 32)};
  }
  if (directory.offset > end_offset || directory.bytes > end_offset - directory.offset) {
    throw bad(name(), "central directory lies outside the file");
  }
  if (directory.bytes > kLargestDirectory) throw bad(name(), "central directory is larger than 256 MiB");
  return directory;
}

void ZipReader::read_directory(const Directory& directory) {
  directory_offset_ = directory.offset;
  core::Bytes buffer(static_cast<std::size_t>(directory.bytes));
  read_at(directory.offset, buffer, "central directory");
  const std::span<const std::byte> bytes = buffer;
  for (std::size_t at = 0; at < bytes.size();) {
    if (bytes.size() - at < kEntryBytes || little<std::uint32_t>(bytes, at) != kEntrySignature) {
      throw bad(name(), "central directory is damaged");
    }
    const std::size_t name_bytes = little<std::uint16_t>(bytes, at + 28);
    const std::size_t extra_bytes = little<std::uint16_t>(bytes, at + 30);
    const std::size_t comment_bytes = little<std::uint16_t>(bytes, at + 32);
    if (name_bytes + extra_bytes + comment_bytes > bytes.size() - at - kEntryBytes) {
      throw bad(name(), "central directory is damaged");
    }
    ZipEntry entry;
    const auto name_field = bytes.subspan(at + kEntryBytes, name_bytes);
    entry.name.assign(reinterpret_cast<const char*>(name_field.data()), name_field.size());
    entry.crc = little<std::uint32_t>(bytes, at + 16);
    entry.compressed_bytes = little<std::uint32_t>(bytes, at + 20);
    entry.bytes = little<std::uint32_t>(bytes, at + 24);
    entry.header_offset = little<std::uint32_t>(bytes, at + 42);
    apply_zip64(bytes.subspan(at + kEntryBytes + name_bytes, extra_bytes), entry);

    const auto flags = little<std::uint16_t>(bytes, at + 8);
    const auto method = little<std::uint16_t>(bytes, at + 10);
    if ((flags & 1) != 0) throw bad(name(), "entry '" + entry.name + "' is encrypted");
    if (method != 0 && method != 8) {
      throw bad(name(), "entry '" + entry.name + "' is compressed by method " + std::to_string(method) +
                            "; only stored and deflated entries are read");
    }
    entry.deflated = method == 8;
    const bool sizes_agree = entry.deflated ? entry.bytes / kLargestDeflateRatio <= entry.compressed_bytes
                                            : entry.bytes == entry.compressed_bytes;
    if (!sizes_agree || entry.compressed_bytes > directory.offset) {
      throw bad(name(), "entry '" + entry.name + "' claims an impossible size");
    }
    if (!by_name_.emplace(entry.name, entries_.size()).second) {
      throw bad(name(), "entry '" + entry.name + "' appears twice");
    }
    entries_.push_back(std::move(entry));
    at += kEntryBytes + name_bytes + extra_bytes + comment_bytes;
  }
  if (entries_.size() != directory.entries) throw bad(name(), "central directory is damaged");
  refuse_overlaps();
  std::uint64_t content = 0;  // does not overflow: each is at most 1032 times bytes of the file of its own
  for (const ZipEntry& entry : entries_) content += entry.bytes;
  core::require_within_limit(content, file_bytes_, name() + ": what it holds");
}

/// Entries that share bytes make a small file large without end.
void ZipReader::refuse_overlaps() const {
  std::vector<const ZipEntry*> by_place;
  for (const ZipEntry& entry : entries_) by_place.push_back(&entry);
  std::ranges::sort(by_place, {}, &ZipEntry::header_offset);
  for (std::size_t i = 0; i < by_place.size(); ++i) {
    const ZipEntry& entry = *by_place[i];
    const std::uint64_t end = i + 1 < by_place.size() ? by_place[i + 1]->header_offset : directory_offset_;
    if (entry.header_offset > end || end - entry.header_offset < kLocalBytes + entry.compressed_bytes) {
      throw bad(name(), "entry '" + entry.name + "' shares bytes with what follows it");
    }
  }
}

std::uint64_t ZipReader::content_offset(const ZipEntry& entry) {
  std::array<std::byte, kLocalBytes> header{};
  read_at(entry.header_offset, header, "entry '" + entry.name + "'");
  if (little<std::uint32_t>(header, 0) != kLocalSignature) {
    throw bad(name(), "entry '" + entry.name + "' has no local header");
  }
  const std::uint64_t offset =
      entry.header_offset + kLocalBytes + little<std::uint16_t>(header, 26) + little<std::uint16_t>(header, 28);
  if (offset > directory_offset_ || entry.compressed_bytes > directory_offset_ - offset) {
    throw bad(name(), "entry '" + entry.name + "' is truncated");
  }
  return offset;
}

void ZipReader::inflate_into(const ZipEntry& entry, std::uint64_t offset, std::span<std::byte> into) {
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw Error(Error::OutOfMemory, name() + ": zlib has no memory");
  const std::unique_ptr<z_stream, int (*)(z_stream*)> guard(&stream, inflateEnd);
  core::Bytes input(std::min<std::uint64_t>(entry.compressed_bytes, kPiece));
  std::uint64_t left = entry.compressed_bytes;
  std::size_t written = 0;
  int status = Z_OK;
  while (status == Z_OK) {
    if (stream.avail_in == 0 && left > 0) {
      const auto piece = std::span(input).first(static_cast<std::size_t>(std::min<std::uint64_t>(left, input.size())));
      read_at(offset, piece, "entry '" + entry.name + "'");
      offset += piece.size();
      left -= piece.size();
      stream.next_in = reinterpret_cast<Bytef*>(piece.data());
      stream.avail_in = static_cast<uInt>(piece.size());
    }
    std::byte past_end;  // where a stream that is longer than declared gives itself away
    const auto room = written < into.size() ? into.subspan(written, std::min(kPiece, into.size() - written))
                                            : std::span(&past_end, 1);
    stream.next_out = reinterpret_cast<Bytef*>(room.data());
    stream.avail_out = static_cast<uInt>(room.size());
    status = inflate(&stream, Z_NO_FLUSH);
    written += room.size() - stream.avail_out;
    if (written > into.size()) break;
  }
  if (status != Z_STREAM_END || written != into.size() || left != 0 || stream.avail_in != 0) {
    throw bad(name(), "entry '" + entry.name + "' does not inflate to its declared size");
  }
}

void ZipReader::read(const ZipEntry& entry, std::span<std::byte> into) {
  if (into.size() != entry.bytes) throw Error(Error::Internal, "zip entry read into a buffer of another size");
  const std::uint64_t offset = content_offset(entry);
  if (entry.deflated) {
    inflate_into(entry, offset, into);
  } else {
    read_at(offset, into, "entry '" + entry.name + "'");
  }
  uLong crc = crc32(0, nullptr, 0);
  for (std::size_t at = 0; at < into.size(); at += kPiece) {
    const auto piece = into.subspan(at, std::min(kPiece, into.size() - at));
    crc = crc32(crc, reinterpret_cast<const Bytef*>(piece.data()), static_cast<uInt>(piece.size()));
  }
  if (crc != entry.crc) throw bad(name(), "entry '" + entry.name + "' is damaged (CRC-32 differs)");
}

core::Bytes ZipReader::read(const ZipEntry& entry, std::uint64_t limit) {
  if (entry.bytes > limit) {
    throw bad(name(), "entry '" + entry.name + "' is larger than " + std::to_string(limit) + " bytes");
  }
  core::Bytes bytes(static_cast<std::size_t>(entry.bytes));
  read(entry, bytes);
  return bytes;
}

}  // namespace terse::formats
