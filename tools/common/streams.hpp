#pragma once

#include <string_view>
#include <vector>

namespace terse::tools {

/// A file of the command line. An empty path is none, - standard input or output.
struct NamedFile {
  std::string_view name;  ///< what the command line calls it: "--facts"
  std::string_view path;
};

/// @throws Error::Usage where two inputs are standard input, two outputs standard output, or an output would replace an
///         input
void require_separate(const std::vector<NamedFile>& inputs, const std::vector<NamedFile>& outputs);

}  // namespace terse::tools
