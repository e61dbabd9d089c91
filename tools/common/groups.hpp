#pragma once

namespace terse::tools {

inline constexpr const char* kGeneralGroup = "General options";  ///< heading in --help and the manual page
/// Options that decide how a run goes but not what comes out: not recorded in what it writes.
inline constexpr const char* kCourseGroup = "Checkpoints";
inline constexpr const char* kHiddenGroup = "";  ///< CLI11 leaves the group without a name out

}  // namespace terse::tools
