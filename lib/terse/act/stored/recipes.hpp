#pragma once

#include <string_view>
#include <vector>

#include "terse/act/operators/operator_context.hpp"
#include "terse/act/stored/derived_tensor.hpp"

namespace terse::act {

/// How an operator's results follow from what it saves of its operands: from exact ones, the very same results.
struct Recipe {
  std::string_view op;                  ///< "aten::gelu"
  std::string_view node;                ///< of the graph: "GeluBackward0"
  std::vector<std::string_view> parts;  ///< roles that the operator saves, the one that the results hang on most first
  std::size_t needed = 0;               ///< of the parts, how many the operator always has
  std::vector<std::string_view> results;  ///< roles under which it saves its own results, by output; empty: none
  /// For the running operator, from its arguments that are not tensors.
  Derivation::Compute (*prepare)(const OperatorTracker& running) = nullptr;
  /// The first part is not rounded but a factor without loss (dropout's noise), and the second an argument that the
  /// operator does not save: what is stored of it for another operator serves, or what derives it.
  bool factor = false;
  bool holds = false;  ///< Derivation's
  /// In place of prepare() where all parts are exact, if that does not compute bit for bit what the operator did then.
  Derivation::Compute (*prepare_exact)(const OperatorTracker& running) = nullptr;
  /// In place of prepare() where the first part is stored as normalised rows: takes these for it.
  std::vector<at::Tensor> (*of_rows)(const std::vector<at::Tensor>& parts) = nullptr;
};

/// @return nullptr where the table has none
const Recipe* recipe_of(std::string_view op);

}  // namespace terse::act
