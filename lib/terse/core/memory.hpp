#pragma once

#include <cstdint>

namespace terse::core {

/// Resident size of this process now and at its peak since the start, in bytes, as the kernel
/// counts it (VmRSS and VmHWM of /proc/self/status; the peak is what `time -v` reports).
std::uint64_t resident_bytes();
std::uint64_t peak_resident_bytes();

}  // namespace terse::core
