#pragma once

#include <cstddef>
#include <string_view>

namespace terse::core {

/// Offset of the first byte that is not part of well-formed UTF-8 (RFC 3629: no overlong form, no surrogate,
/// nothing above U+10FFFF) or is NUL; text.size() where all is well. O(n), eight ASCII bytes at a time.
std::size_t first_invalid_utf8(std::string_view text);

/// Characters (code points) of well-formed text.
std::size_t count_characters(std::string_view text);

}  // namespace terse::core
