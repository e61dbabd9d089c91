#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace terse::core {

/// Reads a size in bytes: "1234", "400M", "1.5GiB", "2GB"; K, M, G, T are powers of 1024 with or without
/// "iB" and powers of 1000 with "B" alone behind the letter (as zstd and ls read them).
/// @throws Error::Usage for anything else, and for more than 2^63
std::uint64_t parse_size(std::string_view text);

/// A size for people, three significant digits: "446 MiB", "1.50 GiB", "17 B".
std::string format_size(std::uint64_t bytes);

}  // namespace terse::core
