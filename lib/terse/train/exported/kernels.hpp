#pragma once

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>

#include <string_view>

#include "terse/act/tensor/torch.hpp"
#include "terse/train/exported/guards.hpp"

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

/// Runs one operator of a file on its stack, arguments in, results out: looked at by its guards and by its own check,
/// or replaced. Nothing of a file reaches LibTorch by another way.
/// @param kernels  of the operator, or nullptr
/// @throws Error::BadInput for arguments that are refused here; c10::Error for what LibTorch refuses
void call_operator(const c10::OperatorHandle& op, const Guards& guards, const Kernels* kernels, bool training,
                   torch::jit::Stack& stack);

}  // namespace terse::train::exported
