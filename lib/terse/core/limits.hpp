#pragma once

#include <cstdint>
#include <string>

namespace terse::core {

// What an input may make of memory: an allowance, which --max-memory sets, and a multiple of the bytes that were
// received. A file can then cost memory only in proportion to its size, whatever its lengths and its compression claim.

inline constexpr std::uint64_t kDefaultAllowance = std::uint64_t{256} << 20;
inline constexpr std::uint64_t kAllowedExpansion = 64;

/// Sets the allowance of this process, in bytes. Call it before inputs are read.
void set_memory_allowance(std::uint64_t bytes);
std::uint64_t memory_allowance();

/// Most bytes that an input may take of which `received` bytes have been read.
std::uint64_t memory_limit(std::uint64_t received);

/// @param what  "kb.tsv.zst: the text", for the message
/// @throws Error::OutOfMemory naming --max-memory where `wanted` bytes are beyond memory_limit(received)
void require_within_limit(std::uint64_t wanted, std::uint64_t received, const std::string& what);

}  // namespace terse::core
