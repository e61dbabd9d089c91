#include "terse/core/atomic_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include "terse/core/error.hpp"
#include "terse/core/temporaries.hpp"

namespace terse::core {

namespace fs = std::filesystem;

namespace {

std::mutex mutex;                   // of what follows
std::set<std::string> claims;       // files that an AtomicFile is about to replace
std::set<std::string> swept;        // files whose abandoned temporaries were looked for
std::vector<std::string> warnings;  // for take_output_warnings()

constexpr std::size_t kLongestName = 255;  // of a folder's entry, on every file system that Linux has
constexpr std::size_t kDigits = 16;
constexpr std::string_view kSuffix = ".tmp";
constexpr int kMostLinks = 40;  // as the kernel follows
constexpr mode_t kMode = 0666;  // before the umask

/// What the names of a target's temporaries begin with; kDigits random digits and kSuffix follow.
std::string temporary_prefix(const fs::path& target) {
  std::string name = '.' + target.filename().string();
  name.resize(std::min(name.size(), kLongestName - 1 - kDigits - kSuffix.size()));
  return name + '.';
}

/// A name in the target's folder that nobody else has: drawn at random, not a pid, which containers share.
std::string temporary_name(const fs::path& target, const std::string& name) {
  std::uint64_t random = 0;
  if (::getrandom(&random, sizeof random, 0) != static_cast<ssize_t>(sizeof random)) throw_output_failed(name, errno);
  char digits[kDigits + 1];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(random));
  return (target.parent_path() / (temporary_prefix(target) + digits + std::string(kSuffix))).string();
}

bool is_temporary_of(const std::string& name, const std::string& prefix) {
  return name.size() == prefix.size() + kDigits + kSuffix.size() && name.starts_with(prefix) &&
         name.ends_with(kSuffix) &&
         name.find_first_not_of("0123456789abcdef", prefix.size()) == prefix.size() + kDigits;
}

bool lock_exclusively(int descriptor, int how) {
  int result = 0;
  do {
    result = ::flock(descriptor, LOCK_EX | how);
  } while (result != 0 && errno == EINTR);
  return result == 0;
}

/// Removes a temporary that no living process has locked. File systems without locks keep theirs.
void remove_abandoned(const std::string& file) {
  const int descriptor = ::open(file.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0) return;
  struct stat status {};
  if (::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && lock_exclusively(descriptor, LOCK_NB)) {
    ::unlink(file.c_str());
  }
  ::close(descriptor);
}

/// Once for each target: a run that saves every minute need not list the folder every time.
void remove_abandoned_temporaries(const std::string& target) {
  {
    const std::lock_guard lock(mutex);
    if (!swept.insert(target).second) return;
  }
  const std::string prefix = temporary_prefix(target);
  std::vector<std::string> found;
  std::error_code failure;
  for (fs::directory_iterator entry(fs::path(target).parent_path(), failure), end; !failure && entry != end;
       entry.increment(failure)) {
    if (is_temporary_of(entry->path().filename().string(), prefix)) found.push_back(entry->path().string());
  }
  for (const std::string& file : found) remove_abandoned(file);
}

std::string path_of(int descriptor) { return "/proc/self/fd/" + std::to_string(descriptor); }

/// A file without a name in the target's folder, or -1 where there can be none that could take a name later.
int create_unnamed(const fs::path& target) {
  const int descriptor = ::open(target.parent_path().c_str(), O_WRONLY | O_TMPFILE | O_CLOEXEC, kMode);
  if (descriptor < 0) return -1;
  struct stat own {
  }, seen{};
  if (::fstat(descriptor, &own) == 0 && ::stat(path_of(descriptor).c_str(), &seen) == 0 && own.st_ino == seen.st_ino &&
      own.st_dev == seen.st_dev) {
    return descriptor;
  }
  ::close(descriptor);  // /proc is not there
  return -1;
}

void warn(const std::string& name, const std::string& what, int error_number) {
  const std::lock_guard lock(mutex);
  warnings.push_back(name + ": is complete, but " + what + ": " + std::generic_category().message(error_number));
}

/// Makes the folder's entries last. @param descriptor  -1: could not be opened, for the reason `error_number`
void sync_folder(int descriptor, int error_number, const std::string& name) {
  if (descriptor >= 0 && ::fsync(descriptor) != 0 && errno != EINVAL && errno != EROFS) {
    error_number = errno;
  } else if (descriptor >= 0) {
    error_number = 0;
  }
  if (descriptor >= 0) ::close(descriptor);
  if (error_number != 0) warn(name, "its folder could not be synchronised to the disk", error_number);
}

}  // namespace

std::string output_target(const std::string& path) {
  std::error_code failure;
  fs::path target = fs::absolute(path, failure);
  for (int links = 0; !failure; ++links) {
    const fs::path folder = fs::canonical(target.parent_path(), failure);
    if (failure) break;
    target = folder / target.filename();
    std::error_code no_link;
    const fs::path next = fs::read_symlink(target, no_link);
    if (no_link) return target.string();
    if (links == kMostLinks) throw_output_failed(path, ELOOP);
    target = next.is_absolute() ? next : folder / next;
  }
  throw_output_failed(path, failure.value());
}

std::vector<std::string> take_output_warnings() {
  const std::lock_guard lock(mutex);
  return std::exchange(warnings, {});
}

AtomicFile::Claim::Claim(std::string target, const std::string& path) : target_(std::move(target)) {
  const std::lock_guard lock(mutex);
  if (!claims.insert(target_).second) throw Error(Error::Usage, path + ": named for two outputs of one command");
}

AtomicFile::Claim::~Claim() {
  const std::lock_guard lock(mutex);
  claims.erase(target_);
}

AtomicFile::AtomicFile(const std::string& path)
    : ByteSink(path), claim_(output_target(path), path), writer_(create(), path, true) {
  struct stat old {};
  if (::stat(claim_.target().c_str(), &old) == 0) {
    // As good as it gets: a file system without permissions is no reason to fail.
    [[maybe_unused]] const int ignored = ::fchmod(writer_.descriptor(), old.st_mode & 07777);
  }
}

AtomicFile::~AtomicFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
  forget_name();
}

/// @return the descriptor of the new file. @throws Error::OutputFailed
int AtomicFile::create() {
  const std::string& target = claim_.target();
  struct stat named {
  }, resolved{};
  if (::stat(name().c_str(), &named) == 0 &&
      (::stat(target.c_str(), &resolved) != 0 || named.st_ino != resolved.st_ino || named.st_dev != resolved.st_dev)) {
    throw Error(Error::OutputFailed, name() + ": names an open file that lies in no folder");  // of another process
  }
  remove_abandoned_temporaries(target);
  const int descriptor = create_unnamed(target);
  if (descriptor < 0) return create_named();
  lock_exclusively(descriptor, LOCK_NB);  // for the moment in which it will have a temporary name
  return descriptor;
}

int AtomicFile::create_named() {
  constexpr int kTries = 100;
  for (int i = 0; i < kTries; ++i) {
    name_temporary();
    const int descriptor = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kMode);
    const int error_number = errno;
    if (descriptor < 0) {
      forget_name();
      if (error_number == EEXIST) continue;
      throw_output_failed(name(), error_number);
    }
    lock_exclusively(descriptor, 0);
    struct stat status {};
    if (::fstat(descriptor, &status) == 0 && status.st_nlink > 0) return descriptor;
    ::close(descriptor);  // another process took it for abandoned before it was locked
    forget_name();
  }
  throw_output_failed(name(), EEXIST);
}

/// Entered into the handler's table before the file exists: no moment at which a signal would leave it behind.
void AtomicFile::name_temporary() {
  temporary_ = temporary_name(claim_.target(), name());
  try {
    slot_ = remember_temporary(temporary_);
  } catch (...) {
    temporary_.clear();
    throw;
  }
}

void AtomicFile::forget_name() {
  temporary_.clear();
  if (slot_ >= 0) forget_temporary(slot_);
  slot_ = -1;
}

void AtomicFile::write(std::span<const std::byte> bytes) { writer_.write(bytes); }

void AtomicFile::flush() { writer_.flush(); }

/// Gives the unnamed file a name. @return false where another has it
bool AtomicFile::link_to(const std::string& new_name) {
  if (::linkat(AT_FDCWD, path_of(writer_.descriptor()).c_str(), AT_FDCWD, new_name.c_str(), AT_SYMLINK_FOLLOW) == 0) {
    return true;
  }
  if (errno != EEXIST) throw_output_failed(name(), errno);
  return false;
}

void AtomicFile::take_target_name() {
  const std::string& target = claim_.target();
  if (temporary_.empty()) {
    if (link_to(target)) return;
    name_temporary();
    bool linked = false;
    try {
      linked = link_to(temporary_);
    } catch (...) {
      forget_name();
      throw;
    }
    if (!linked) {
      forget_name();
      throw_output_failed(name(), EEXIST);
    }
  }
  if (::rename(temporary_.c_str(), target.c_str()) != 0) throw_output_failed(name(), errno);
  forget_name();
}

void AtomicFile::finish() {
  writer_.flush();
  writer_.sync();
  const int folder = ::open(fs::path(claim_.target()).parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const int error_number = errno;
  try {
    take_target_name();
  } catch (...) {
    if (folder >= 0) ::close(folder);
    throw;
  }
  sync_folder(folder, error_number, name());
  try {
    writer_.close();
  } catch (const Error& error) {
    const std::lock_guard lock(mutex);
    warnings.push_back(std::string(error.what()) + ", when it was closed; its content had been synchronised");
  }
}

}  // namespace terse::core
