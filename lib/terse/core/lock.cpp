#include "terse/core/lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <utility>

#include "terse/core/atomic_file.hpp"
#include "terse/core/descriptor.hpp"
#include "terse/core/error.hpp"
#include "terse/core/temporaries.hpp"

namespace terse::core {

namespace {

/// @throws Error::Busy where another process has the lock
void lock_or_refuse(int descriptor, const std::string& path, const std::string& busy) {
  while (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno == EWOULDBLOCK) throw Error(Error::Busy, path + ": " + busy);
    return;  // the file system has no locks
  }
}

std::string lock_file_of(const std::filesystem::path& target) {
  constexpr std::size_t kLongestName = 255;
  constexpr std::string_view kSuffix = ".lock";
  std::string name = '.' + target.filename().string();
  name.resize(std::min(name.size(), kLongestName - kSuffix.size()));
  return (target.parent_path() / (name + std::string(kSuffix))).string();
}

/// Whether the file that was opened is still the one of that name.
bool is_at(int descriptor, const std::string& name) {
  struct stat opened {
  }, named{};
  return ::fstat(descriptor, &opened) == 0 && ::stat(name.c_str(), &named) == 0 && opened.st_ino == named.st_ino &&
         opened.st_dev == named.st_dev;
}

}  // namespace

Lock Lock::of_folder(const std::string& path, const std::string& busy) {
  Lock lock;
  lock.descriptor_ = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock.descriptor_ < 0) throw_output_failed(path, errno);
  lock_or_refuse(lock.descriptor_, path, busy);
  return lock;
}

Lock Lock::of_file(const std::string& path, const std::string& busy) {
  Lock lock;
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) return lock;
  const std::string file = lock_file_of(output_target(path));
  constexpr int kTries = 100;
  for (int i = 0; i < kTries; ++i) {
    lock.descriptor_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (lock.descriptor_ < 0) throw_output_failed(path, errno);
    lock_or_refuse(lock.descriptor_, path, busy);
    if (is_at(lock.descriptor_, file)) {
      lock.slot_ = remember_temporary(file);
      lock.file_ = file;
      return lock;
    }
    ::close(std::exchange(lock.descriptor_, -1));  // its last holder removed it between the two calls
  }
  throw Error(Error::Busy, path + ": " + busy);
}

Lock::Lock(Lock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      file_(std::exchange(other.file_, {})),
      slot_(std::exchange(other.slot_, -1)) {}

Lock::~Lock() {
  if (!file_.empty()) ::unlink(file_.c_str());  // while it is locked: nobody else has it
  if (slot_ >= 0) forget_temporary(slot_);
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace terse::core
