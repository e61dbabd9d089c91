#pragma once

#include <ATen/core/stack.h>

#include <string_view>

#include "terse/act/tensor/torch.hpp"

namespace terse::train::exported {

/// What the interpreter does itself around or instead of an operator of the dispatcher. Each works on the
/// operator's stack: arguments in, results out (a check leaves the stack as it is).
struct Kernels {
  using Function = void (*)(torch::jit::Stack& stack);
  std::string_view name, overload;  ///< of the operator; overload "*" is any
  Function check = nullptr;         ///< before a kernel of LibTorch that trusts its caller with the shapes
  Function training = nullptr;      ///< replaces the operator
  Function evaluation = nullptr;    ///< replaces the operator in evaluation mode
};

/// nullptr for an operator that simply runs.
const Kernels* find_kernels(std::string_view name, std::string_view overload);

}  // namespace terse::train::exported
