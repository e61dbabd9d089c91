#include "terse/core/memory.hpp"

#include <charconv>
#include <fstream>
#include <string>

namespace terse::core {

namespace {

/// "VmHWM:	  123456 kB" of /proc/self/status in bytes, 0 where the kernel does not say.
std::uint64_t status_bytes(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with(key + ":")) continue;
    const std::size_t digits = line.find_first_of("0123456789");
    std::uint64_t kilobytes = 0;
    if (digits != std::string::npos) std::from_chars(line.data() + digits, line.data() + line.size(), kilobytes);
    return kilobytes * 1024;
  }
  return 0;
}

}  // namespace

std::uint64_t resident_bytes() { return status_bytes("VmRSS"); }

std::uint64_t peak_resident_bytes() { return status_bytes("VmHWM"); }

}  // namespace terse::core
