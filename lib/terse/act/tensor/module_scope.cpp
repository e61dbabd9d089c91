#include "terse/act/tensor/module_scope.hpp"

#include <utility>

namespace terse::act {

ModuleScope::ModuleScope(std::string_view path)
    : step_(StepContext::shared_of_thread()), outer_(std::exchange(StepContext::of_thread().scope, path)) {}

ModuleScope::~ModuleScope() { (step_ ? *step_ : StepContext::outside()).scope = std::move(outer_); }

}  // namespace terse::act
