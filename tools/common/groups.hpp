#pragma once

namespace terse::tools {

// Headings that options stand under in --help and the manual page.
inline constexpr const char* kModelGroup = "Model";
inline constexpr const char* kDataGroup = "Data";
inline constexpr const char* kTrainingGroup = "Training";
inline constexpr const char* kCompressionGroup = "Compression";
inline constexpr const char* kOutputGroup = "Output";
/// Options that decide how a run goes but not what comes out: not recorded in what it writes.
inline constexpr const char* kCourseGroup = "Run";
inline constexpr const char* kGeneralGroup = "General options";
/// Options that are not shown, such as old spellings that scripts still use. Not "", for which CLI11 leaves their names
/// out of its messages.
inline constexpr const char* kHiddenGroup = "hidden";

}  // namespace terse::tools
