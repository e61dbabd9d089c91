#pragma once

#include <string>
#include <string_view>

#include "common/tool.hpp"

namespace terse::tools {

/// The project's version: "0.1.0".
std::string_view version();

/// What --version prints: a line with program and version, then build type, compiler, SIMD target and, where
/// it is linked, LibTorch; or the same as one JSON object.
std::string version_text(const Tool& tool, bool json);

}  // namespace terse::tools
