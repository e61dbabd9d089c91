#pragma once

#include <cstdint>

namespace terse::core {

/// Resident size of this process now and at its peak since the start or the last reset, in bytes, as the kernel
/// counts it (VmRSS and VmHWM of /proc/self/status; the peak is what `time -v` reports).
std::uint64_t resident_bytes();
std::uint64_t peak_resident_bytes();

/// Sets the kernel's peak back to the present size (writes 5 to /proc/self/clear_refs).
/// @return whether the kernel allowed it
bool reset_peak_resident();

/// Memory this process may use: the smallest of physical memory, cgroup limit and RLIMIT_AS.
std::uint64_t memory_limit_bytes();

}  // namespace terse::core
