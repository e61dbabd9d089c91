// open_source and open_sink of bytes.hpp: paths, standard streams, devices.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <system_error>

#include "terse/core/atomic_file.hpp"
#include "terse/core/bytes.hpp"
#include "terse/core/descriptor.hpp"
#include "terse/core/error.hpp"

namespace terse::core {

namespace fs = std::filesystem;

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

/// Standard output, a device, a pipe, or a file that was opened before: nothing to rename.
class InPlaceSink : public ByteSink {
 public:
  /// @param trims  a regular file that is written from its beginning ends where the output does
  InPlaceSink(int descriptor, bool owned, std::string name, bool trims = false)
      : ByteSink(std::move(name)),
        writer_(descriptor, this->name(), owned, ::isatty(descriptor) == 0),
        trims_(trims && starts_file(descriptor)) {}

  void write(std::span<const std::byte> bytes) override { writer_.write(bytes); }
  void flush() override { writer_.flush(); }
  void finish() override {
    writer_.flush();
    if (trims_) trim();
    writer_.close();
  }

 private:
  static bool starts_file(int descriptor) {
    struct stat status {};
    return ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) &&
           (::fcntl(descriptor, F_GETFL) & O_APPEND) == 0 && ::lseek(descriptor, 0, SEEK_CUR) == 0;
  }
  void trim() {
    const off_t end = ::lseek(writer_.descriptor(), 0, SEEK_CUR);
    if (end < 0 || ::ftruncate(writer_.descriptor(), end) != 0) throw_output_failed(name(), errno);
  }

  DescriptorWriter writer_;
  bool trims_;
};

void refuse_binary_on_terminal(int descriptor, Content content) {
  if (content == Content::Binary && ::isatty(descriptor)) {
    throw Error(Error::Usage, "refusing to write binary data to a terminal: give -o FILE or redirect the output");
  }
}

/// The descriptor of this process that `path` names, maybe by links (/dev/stdout, /dev/fd/3, /proc/self/fd/3), or -1.
int own_descriptor(fs::path path) {
  constexpr int kMostLinks = 40;
  std::error_code failure;
  const fs::path own = fs::canonical("/proc/self/fd", failure);
  if (failure) return -1;
  for (int links = 0; links < kMostLinks; ++links) {
    const fs::path folder = fs::canonical(path.has_parent_path() ? path.parent_path() : ".", failure);
    if (failure) return -1;
    if (folder == own || folder == fs::canonical("/proc/thread-self/fd", failure)) {
      const std::string digits = path.filename().string();
      int number = -1;
      const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number);
      return parsed.ec == std::errc() && parsed.ptr == digits.data() + digits.size() ? number : -1;
    }
    const fs::path target = fs::read_symlink(folder / path.filename(), failure);
    if (failure) return -1;
    path = target.is_absolute() ? target : folder / target;
  }
  return -1;
}

/// A sink for what cannot be replaced, and must be written where it is: a device, a pipe, a socket. Null for a file.
std::unique_ptr<ByteSink> open_in_place(const std::string& path, Content content) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return nullptr;
  if (S_ISDIR(status.st_mode)) throw_output_failed(path, EISDIR);
  if (S_ISREG(status.st_mode)) return nullptr;
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY);
  if (descriptor < 0) throw_output_failed(path, errno);
  auto sink = std::make_unique<InPlaceSink>(descriptor, true, path);
  if (::fstat(descriptor, &status) != 0 || S_ISREG(status.st_mode)) return nullptr;  // it became one since
  refuse_binary_on_terminal(descriptor, content);
  return sink;
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
    return std::make_unique<InPlaceSink>(STDOUT_FILENO, false, "standard output");
  }
  if (const int named = own_descriptor(path); named >= 0) {
    refuse_binary_on_terminal(named, content);
    // The same file at the same place: opened anew it would be written from its beginning, over what is there.
    const int descriptor = ::fcntl(named, F_DUPFD_CLOEXEC, 0);
    if (descriptor < 0) throw_output_failed(path, errno);
    return std::make_unique<InPlaceSink>(descriptor, true, path, /*trims=*/true);
  }
  if (auto sink = open_in_place(path, content)) return sink;
  return std::make_unique<AtomicFile>(path);
}

}  // namespace terse::core
