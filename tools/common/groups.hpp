#pragma once

namespace terse::tools {

inline constexpr const char* kGeneralGroup = "General options";  ///< heading in --help and the manual page
inline constexpr const char* kHiddenGroup = "";  ///< CLI11 leaves the group without a name out

}  // namespace terse::tools
