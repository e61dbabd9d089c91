#include "common/streams.hpp"

#include <string>

#include "terse/core/error.hpp"

namespace terse::tools {
namespace {

void require_one(const std::vector<NamedFile>& files, const std::string& stream, const std::string& verb) {
  const NamedFile* first = nullptr;
  for (const auto& file : files) {
    if (file.path != "-") continue;
    if (first) {
      throw Error(Error::Usage,
                  std::string(first->name) + " and " + std::string(file.name) + " cannot both " + verb + " " + stream);
    }
    first = &file;
  }
}

}  // namespace

void require_separate(const std::vector<NamedFile>& inputs, const std::vector<NamedFile>& outputs) {
  require_one(inputs, "standard input", "come from");
  require_one(outputs, "standard output", "go to");
  for (const auto& output : outputs) {
    for (const auto& input : inputs) {
      if (output.path.empty() || output.path == "-" || output.path != input.path) continue;
      throw Error(Error::Usage,
                  std::string(output.path) + ": is read, and " + std::string(output.name) + " would replace it");
    }
  }
}

}  // namespace terse::tools
