#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace terse::formats {

/// CRC-32C (Castagnoli, RFC 3720) of `bytes`: crc32c("123456789") = 0xE3069283. SSE4.2 where the processor has it.
std::uint32_t crc32c(std::span<const std::byte> bytes);

/// The same by tables: what crc32c falls back to, and is checked against.
std::uint32_t crc32c_portable(std::span<const std::byte> bytes);

}  // namespace terse::formats
