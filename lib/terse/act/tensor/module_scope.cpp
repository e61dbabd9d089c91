#include "terse/act/tensor/module_scope.hpp"

#include <utility>

namespace terse::act {

namespace {
thread_local std::string scope;
}

std::string& current_scope() { return scope; }

ModuleScope::ModuleScope(std::string_view path) : outer_(std::move(scope)) { scope = path; }
ModuleScope::~ModuleScope() { scope = std::move(outer_); }

}  // namespace terse::act
