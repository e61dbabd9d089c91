// open_source and open_sink of bytes.hpp: paths, standard streams, devices.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "terse/core/atomic_file.hpp"
#include "terse/core/bytes.hpp"
#include "terse/core/descriptor.hpp"
#include "terse/core/error.hpp"

namespace terse::core {

namespace {

[[noreturn]] void throw_no_input(const std::string& name, int error_number) {
  throw Error(Error::NoInput, name + ": " + std::generic_category().message(error_number));
}

class FileSource : public ByteSource {
 public:
  FileSource(int descriptor, bool owned, std::string name)
      : ByteSource(std::move(name)), descriptor_(descriptor), owned_(owned) {
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0) fail_open(errno);
    if (S_ISDIR(status.st_mode)) fail_open(EISDIR);
    // Files of /proc say 0 and hold more: those are read like a pipe.
    if (!S_ISREG(status.st_mode) || status.st_size <= 0) return;
    // Standard input may have been read in part by an earlier program: offsets count from here.
    const off_t position = ::lseek(descriptor_, 0, SEEK_CUR);
    if (position < 0) return;
    start_ = position;
    size_ = status.st_size > position ? static_cast<std::uint64_t>(status.st_size - position) : 0;
  }
  ~FileSource() override {
    if (owned_) ::close(descriptor_);
  }

  std::size_t read(std::span<std::byte> into) override {
    std::size_t total = 0;
    while (total < into.size()) {
      const ssize_t count = ::read(descriptor_, into.data() + total, into.size() - total);
      if (count < 0) {
        if (errno == EINTR) continue;
        throw Error(Error::BadInput, name() + ": " + std::generic_category().message(errno));
      }
      if (count == 0) break;
      total += static_cast<std::size_t>(count);
    }
    return total;
  }
  std::optional<std::uint64_t> size() const override { return size_; }
  void seek(std::uint64_t offset) override {
    if (!size_) return ByteSource::seek(offset);
    if (::lseek(descriptor_, start_ + static_cast<off_t>(std::min(offset, *size_)), SEEK_SET) < 0) {
      throw Error(Error::BadInput, name() + ": " + std::generic_category().message(errno));
    }
  }

 private:
  [[noreturn]] void fail_open(int error_number) {
    if (owned_) ::close(descriptor_);
    throw_no_input(name(), error_number);
  }

  int descriptor_;
  bool owned_;
  off_t start_ = 0;
  std::optional<std::uint64_t> size_;
};

/// Standard output, a device or a pipe: nothing to rename.
class InPlaceSink : public ByteSink {
 public:
  InPlaceSink(int descriptor, bool owned, bool buffered, std::string name)
      : ByteSink(std::move(name)), writer_(descriptor, this->name(), owned, buffered) {}

  void write(std::span<const std::byte> bytes) override { writer_.write(bytes); }
  void flush() override { writer_.flush(); }
  void finish() override { writer_.close(); }

 private:
  DescriptorWriter writer_;
};

void refuse_binary_on_terminal(int descriptor, Content content) {
  if (content == Content::Binary && ::isatty(descriptor)) {
    throw Error(Error::Usage, "refusing to write binary data to a terminal: give -o FILE or redirect the output");
  }
}

/// Whether `path` must be written where it is: devices and pipes, and what /dev names (/dev/stdout, /dev/fd/3).
bool written_in_place(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return false;
  if (S_ISDIR(status.st_mode)) throw_output_failed(path, EISDIR);
  return !S_ISREG(status.st_mode) || path.starts_with("/dev/") || path.starts_with("/proc/");
}

}  // namespace

std::string source_name(const std::string& path) { return path == "-" ? "standard input" : path; }

std::unique_ptr<ByteSource> open_source(const std::string& path) {
  if (path == "-") return std::make_unique<FileSource>(STDIN_FILENO, false, source_name(path));
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) throw_no_input(path, errno);
  return std::make_unique<FileSource>(descriptor, true, path);
}

std::unique_ptr<ByteSink> open_sink(const std::string& path, Content content) {
  if (path == "-") {
    refuse_binary_on_terminal(STDOUT_FILENO, content);
    const bool terminal = ::isatty(STDOUT_FILENO) != 0;
    return std::make_unique<InPlaceSink>(STDOUT_FILENO, false, !terminal, "standard output");
  }
  if (!written_in_place(path)) return std::make_unique<AtomicFile>(path);
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY);
  if (descriptor < 0) throw_output_failed(path, errno);
  auto sink = std::make_unique<InPlaceSink>(descriptor, true, !::isatty(descriptor), path);
  refuse_binary_on_terminal(descriptor, content);
  return sink;
}

}  // namespace terse::core
