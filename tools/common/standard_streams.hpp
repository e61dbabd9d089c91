#pragma once

#include <string_view>

namespace terse::tools {

/// Gives descriptors 0 to 2 a place where the caller closed them (`tool >&-`), so that no file opened later
/// becomes standard output by accident. Reading or writing them then fails as it would have.
void hold_standard_streams();

/// Writes `text` to standard output. @throws Error::OutputFailed
void print(std::string_view text);

/// Flushes what was written to standard output by any road. @throws Error::OutputFailed
void flush_standard_output();

}  // namespace terse::tools
