#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "terse/act/tensor/step_context.hpp"

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
  std::shared_ptr<StepContext> step_;  // in which it began; null: outside of steps
  std::string outer_;
};

}  // namespace terse::act
