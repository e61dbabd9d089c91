#include "terse/core/memory.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>

namespace terse::core {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

/// "VmHWM:	  123456 kB" of /proc/self/status in bytes, 0 where the kernel does not say.
std::uint64_t status_bytes(const std::string& key) {
  std::ifstream status("/proc/self/status");
  std::string word;
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with(key + ":")) continue;
    const std::size_t digits = line.find_first_of("0123456789");
    std::uint64_t kilobytes = 0;
    if (digits != std::string::npos) std::from_chars(line.data() + digits, line.data() + line.size(), kilobytes);
    return kilobytes * 1024;
  }
  return 0;
}

/// The number in a cgroup file; "max", nonsense and a missing file are no limit.
std::uint64_t limit_in(const fs::path& file) {
  std::ifstream in(file);
  std::string text;
  in >> text;
  std::uint64_t bytes = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), bytes);
  return result.ec == std::errc() && result.ptr == text.data() + text.size() ? bytes : kUnlimited;
}

/// The smallest limit of the group `group` and those above it, below the mount point `root`.
std::uint64_t smallest_limit(const fs::path& root, const fs::path& group, const char* file) {
  std::uint64_t smallest = limit_in(root / file);
  fs::path folder = root;
  for (const fs::path& part : group.relative_path()) {
    // Inside a container the path may not exist below the mount: then only the root counts.
    folder /= part;
    smallest = std::min(smallest, limit_in(folder / file));
  }
  return smallest;
}

std::uint64_t cgroup_limit() {
  std::uint64_t smallest = kUnlimited;
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    // "0::/path" is version 2, "N:memory:/path" version 1.
    const std::size_t path = line.find('/');
    if (path == std::string::npos) continue;
    if (line.starts_with("0::")) {
      smallest = std::min(smallest, smallest_limit("/sys/fs/cgroup", line.substr(path), "memory.max"));
    } else if (line.find(":memory:") != std::string::npos) {
      smallest =
          std::min(smallest, smallest_limit("/sys/fs/cgroup/memory", line.substr(path), "memory.limit_in_bytes"));
    }
  }
  return smallest;
}

}  // namespace

std::uint64_t resident_bytes() { return status_bytes("VmRSS"); }

std::uint64_t peak_resident_bytes() { return status_bytes("VmHWM"); }

bool reset_peak_resident() {
  const int descriptor = ::open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool written = ::write(descriptor, "5", 1) == 1;
  ::close(descriptor);
  return written;
}

std::uint64_t memory_limit_bytes() {
  std::uint64_t limit = cgroup_limit();
  const long pages = ::sysconf(_SC_PHYS_PAGES), page = ::sysconf(_SC_PAGESIZE);
  if (pages > 0 && page > 0)
    limit = std::min(limit, static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page));
  struct rlimit address_space {};
  if (::getrlimit(RLIMIT_AS, &address_space) == 0 && address_space.rlim_cur != RLIM_INFINITY) {
    limit = std::min<std::uint64_t>(limit, address_space.rlim_cur);
  }
  return limit;
}

}  // namespace terse::core
