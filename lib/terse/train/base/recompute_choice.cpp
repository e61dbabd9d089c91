#include "terse/train/base/recompute_choice.hpp"

#include <fnmatch.h>

#include "terse/core/error.hpp"

namespace terse::train {

namespace {

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

}  // namespace

RecomputeChoice::RecomputeChoice(const std::string& text, int slices) : text_(text), slices_(slices) {
  if (text == "blocks") {
    is_blocks_ = true;
    return;
  }
  for (const std::string& pattern : split(text, ',')) {
    auto& components = patterns_.emplace_back(split(pattern, '.'));
    for (const std::string& component : components) {
      if (component.empty()) throw Error(Error::Usage, "recompute '" + text + "': an empty name in a module path");
    }
  }
}

std::optional<std::string> RecomputeChoice::block_of(std::string_view module_path) const {
  const auto path = split(module_path, '.');
  for (const auto& pattern : patterns_) {
    if (pattern.size() > path.size()) continue;
    std::string block;
    bool matches = true;
    for (std::size_t i = 0; i < pattern.size() && matches; ++i) {
      matches = fnmatch(pattern[i].c_str(), path[i].c_str(), 0) == 0;
      block += (i ? "." : "") + path[i];
    }
    if (matches) return block;
  }
  return std::nullopt;
}

}  // namespace terse::train
