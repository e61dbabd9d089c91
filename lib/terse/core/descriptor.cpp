#include "terse/core/descriptor.hpp"

#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "terse/core/error.hpp"

namespace terse::core {

namespace {
constexpr std::size_t kBufferBytes = 64u << 10;
}

void throw_output_failed(const std::string& name, int error_number) {
  throw Error(Error::OutputFailed, name + ": " + std::generic_category().message(error_number));
}

DescriptorWriter::DescriptorWriter(int descriptor, std::string name, bool owned, bool buffered)
    : descriptor_(descriptor), name_(std::move(name)), owned_(owned), buffered_(buffered) {}

DescriptorWriter::~DescriptorWriter() {
  if (owned_ && descriptor_ >= 0) ::close(descriptor_);
}

void DescriptorWriter::write(std::span<const std::byte> bytes) {
  if (!buffered_ || bytes.size() >= kBufferBytes) {
    flush();
    write_now(bytes);
    return;
  }
  if (buffer_.size() + bytes.size() > kBufferBytes) flush();
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

void DescriptorWriter::flush() {
  // Emptied first: after an error the same bytes are not tried again.
  std::vector<std::byte> pending;
  pending.swap(buffer_);
  write_now(pending);
  pending.clear();
  buffer_.swap(pending);
}

void DescriptorWriter::write_now(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      throw_output_failed(name_, errno);
    }
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void DescriptorWriter::sync() {
  // EINVAL: the file system has nothing to synchronise (a pipe, some virtual ones).
  if (::fsync(descriptor_) != 0 && errno != EINVAL && errno != EROFS) throw_output_failed(name_, errno);
}

void DescriptorWriter::close() {
  flush();
  if (!owned_ || descriptor_ < 0) return;
  const int descriptor = descriptor_;
  descriptor_ = -1;
  // On Linux the descriptor is gone even where close() was interrupted.
  if (::close(descriptor) != 0 && errno != EINTR) throw_output_failed(name_, errno);
}

}  // namespace terse::core
