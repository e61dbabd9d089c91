#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace terse::core {

using Bytes = std::vector<std::byte>;

/// Where bytes come from: a file, a pipe, memory. Carries a name for messages.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Reads up to into.size() bytes; fewer only at the end, 0 at the end. @throws Error::BadInput on an I/O error
  virtual std::size_t read(std::span<std::byte> into) = 0;
  /// Total length, or nullopt where it is not known (a pipe). A source with a length can seek.
  virtual std::optional<std::uint64_t> size() const { return std::nullopt; }
  /// Moves to an absolute offset. @throws Error::Internal where size() is nullopt
  virtual void seek(std::uint64_t offset);
  const std::string& name() const { return name_; }

 protected:
  explicit ByteSource(std::string name) : name_(std::move(name)) {}

 private:
  std::string name_;
};

/// Where bytes go. Nothing counts as written until finish() has returned.
class ByteSink {
 public:
  virtual ~ByteSink() = default;
  /// Writes all of `bytes`. @throws Error::OutputFailed
  virtual void write(std::span<const std::byte> bytes) = 0;
  /// Hands what is held back to the system, so that the reader of a pipe sees it now. @throws Error::OutputFailed
  virtual void flush() {}
  /// Flushes and makes the output final; an atomic file takes its name here. @throws Error::OutputFailed
  virtual void finish() = 0;
  /// Whether another sink of this name replaces what this one wrote, as with a file, or adds to it, as with a pipe.
  virtual bool is_replaced() const { return false; }
  const std::string& name() const { return name_; }

 protected:
  explicit ByteSink(std::string name) : name_(std::move(name)) {}

 private:
  std::string name_;
};

/// Reads from memory that outlives the source. Seekable.
std::unique_ptr<ByteSource> memory_source(std::span<const std::byte> bytes, std::string name);

/// Appends to `into`, which outlives the sink.
std::unique_ptr<ByteSink> memory_sink(Bytes& into, std::string name = "memory");

/// What messages call the input: its path, or "standard input" for "-".
std::string source_name(const std::string& path);

/// Opens a file, or standard input for "-". Regular files are seekable.
/// @throws Error::NoInput where it cannot be opened
std::unique_ptr<ByteSource> open_source(const std::string& path);

enum class Content { Text, Binary };

/// Opens an output: standard output for "-", an AtomicFile otherwise (see atomic_file.hpp); a path that names
/// a device or a pipe is written in place.
/// @throws Error::Usage for Binary on a terminal; Error::OutputFailed where it cannot be created
std::unique_ptr<ByteSink> open_sink(const std::string& path, Content content);

/// Everything up to the end of the source. @throws Error::BadInput beyond `limit` bytes
Bytes read_all(ByteSource& source, std::uint64_t limit);

/// View of a contiguous range of trivially copyable values as bytes.
template <class T>
std::span<const std::byte> as_bytes(const T* values, std::size_t count) {
  return {reinterpret_cast<const std::byte*>(values), count * sizeof(T)};
}

/// Writes text to a sink.
inline void write_text(ByteSink& sink, std::string_view text) { sink.write(as_bytes(text.data(), text.size())); }

}  // namespace terse::core
