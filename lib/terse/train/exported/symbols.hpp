#pragma once

#include <span>
#include <string_view>

#include "terse/act/tensor/torch.hpp"

/// Python's arithmetic on sizes, which an exported program does beside its tensor operators.
namespace terse::train::exported {

/// Computes one operation. Arguments and result are int, float or bool IValues.
/// @throws Error::BadInput on overflow, division by zero, or a wrong number or type of arguments
using SymbolFunction = c10::IValue (*)(std::span<const c10::IValue> arguments);

/// "_operator.floordiv", "math.trunc", "torch.sym_max" …; nullptr where there is no such operation.
SymbolFunction find_symbol_function(std::string_view target);

}  // namespace terse::train::exported
