#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/options.hpp"

namespace terse::tools {

/// Remembers how to speak: the name in front of each message, -q and -v, and colour. run_program() calls it.
void set_speaker(std::string_view program, const SharedOptions& shared);

// One line each on standard error, as `tool: …`. Thread-safe.
void say_error(std::string_view message);
void say_warning(std::string_view message);  ///< not with -q
void say_note(std::string_view message);     ///< not with -q
void say_detail(std::string_view message);   ///< with -v only

/// "1 pair names", "2 pairs name".
std::string plural(std::uint64_t count, std::string_view one, std::string_view several);

}  // namespace terse::tools
