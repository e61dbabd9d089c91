#include "terse/act/memory/swap_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "terse/core/error.hpp"

namespace terse::act {

namespace {

Error failure(const std::string& directory, const std::string& what) {
  return {Error::OutputFailed, directory + ": " + what};
}

int open_unnamed(const std::string& directory) {
  const int descriptor = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (descriptor >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return descriptor;
  // A file system that knows no unnamed files.
  std::string name = directory + "/terse-swap-XXXXXX";
  const int named = ::mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(name.c_str());
  return named;
}

}  // namespace

SwapFile::SwapFile(const std::string& directory) : directory_(directory), descriptor_(open_unnamed(directory)) {
  if (descriptor_ < 0) throw failure(directory, std::strerror(errno));
}

SwapFile::~SwapFile() { ::close(descriptor_); }

void SwapFile::write(std::span<const std::byte> bytes, std::uint64_t offset) const {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw failure(directory_, std::string("swap file: ") + std::strerror(errno));
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
}

void SwapFile::read(std::span<std::byte> bytes, std::uint64_t offset) const {
  while (!bytes.empty()) {
    const ssize_t got = ::pread(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      throw failure(directory_, std::string("swap file: ") + (got < 0 ? std::strerror(errno) : "it ends too early"));
    }
    bytes = bytes.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
}

}  // namespace terse::act
