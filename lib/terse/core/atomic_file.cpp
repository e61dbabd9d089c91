#include "terse/core/atomic_file.hpp"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "terse/core/error.hpp"
#include "terse/core/temporaries.hpp"

namespace terse::core {

namespace fs = std::filesystem;

namespace {

std::mutex claims_mutex;
std::set<std::string> claims;  // files that an AtomicFile is about to replace

constexpr std::size_t kLongestName = 255;  // of a folder's entry, on every file system that Linux has

/// Absolute, so that a later change of folder does not matter, with symbolic links followed.
std::string resolve(const std::string& path) {
  std::error_code failure;
  const fs::path target = fs::weakly_canonical(fs::absolute(path), failure);
  if (failure) throw_output_failed(path, failure.value());
  return target.string();
}

constexpr std::size_t kDigits = 16;
constexpr std::string_view kSuffix = ".tmp";

/// What the names of a target's temporaries begin with; kDigits random digits and kSuffix follow.
std::string temporary_prefix(const fs::path& target) {
  std::string name = '.' + target.filename().string();
  name.resize(std::min(name.size(), kLongestName - 1 - kDigits - kSuffix.size()));
  return name + '.';
}

/// A name in the target's folder that nobody else has: drawn at random, not a pid, which containers share.
std::string temporary_name(const fs::path& target) {
  std::uint64_t random = 0;
  if (::getrandom(&random, sizeof random, 0) != static_cast<ssize_t>(sizeof random)) {
    throw_output_failed(target.string(), errno);
  }
  char digits[kDigits + 1];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(random));
  return (target.parent_path() / (temporary_prefix(target) + digits + std::string(kSuffix))).string();
}

bool is_temporary_of(const std::string& name, const std::string& prefix) {
  return name.size() == prefix.size() + kDigits + kSuffix.size() && name.starts_with(prefix) &&
         name.ends_with(kSuffix) &&
         name.find_first_not_of("0123456789abcdef", prefix.size()) == prefix.size() + kDigits;
}

/// @throws Error::OutputFailed; frees the slot
int create(const std::string& temporary, const std::string& name, int slot) {
  const int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor >= 0) return descriptor;
  const int error_number = errno;
  forget_temporary(slot);
  throw_output_failed(name, error_number);
}

void sync_folder(const std::string& folder, const std::string& name) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) throw_output_failed(name, errno);
  DescriptorWriter writer(descriptor, name, true);
  writer.sync();
}

}  // namespace

AtomicFile::Claim::Claim(std::string target, const std::string& path) : target_(std::move(target)) {
  const std::lock_guard lock(claims_mutex);
  if (!claims.insert(target_).second) throw Error(Error::Usage, path + ": named for two outputs of one command");
}

AtomicFile::Claim::~Claim() {
  const std::lock_guard lock(claims_mutex);
  claims.erase(target_);
}

AtomicFile::AtomicFile(const std::string& path)
    : ByteSink(path),
      claim_(resolve(path), path),
      temporary_(temporary_name(claim_.target())),
      // Entered before the file exists: no moment at which a signal would leave it behind.
      slot_(remember_temporary(temporary_)),
      writer_(create(temporary_, path, slot_), path, true) {
  struct stat old {};
  if (::stat(claim_.target().c_str(), &old) == 0) {
    // As good as it gets: a file system without permissions is no reason to fail.
    [[maybe_unused]] const int ignored = ::fchmod(writer_.descriptor(), old.st_mode & 07777);
  }
}

AtomicFile::~AtomicFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
  if (slot_ >= 0) forget_temporary(slot_);
}

void AtomicFile::write(std::span<const std::byte> bytes) { writer_.write(bytes); }

void AtomicFile::flush() { writer_.flush(); }

void AtomicFile::finish() {
  writer_.flush();
  writer_.sync();
  writer_.close();
  if (::rename(temporary_.c_str(), claim_.target().c_str()) != 0) throw_output_failed(name(), errno);
  temporary_.clear();
  forget_temporary(slot_);
  slot_ = -1;
  sync_folder(fs::path(claim_.target()).parent_path().string(), name());
}

void remove_abandoned_temporaries(const std::string& path) {
  const fs::path target = resolve(path);
  const std::string prefix = temporary_prefix(target);
  std::vector<fs::path> found;
  std::error_code failure;
  for (fs::directory_iterator entry(target.parent_path(), failure), end; !failure && entry != end;
       entry.increment(failure)) {
    if (is_temporary_of(entry->path().filename().string(), prefix)) found.push_back(entry->path());
  }
  for (const fs::path& file : found) fs::remove(file, failure);
}

}  // namespace terse::core
