#pragma once

#include <string>
#include <string_view>

namespace terse::act {

/// A module path for the operators that this thread runs while the scope lives ("layer1.0.conv1"): becomes part of
/// the ids. The path is whole: an inner scope replaces the outer one until it ends.
class ModuleScope {
 public:
  explicit ModuleScope(std::string_view path);
  ~ModuleScope();
  ModuleScope(const ModuleScope&) = delete;
  ModuleScope& operator=(const ModuleScope&) = delete;

 private:
  std::string outer_;
};

/// Path of this thread's innermost ModuleScope, or "".
std::string& current_scope();

}  // namespace terse::act
