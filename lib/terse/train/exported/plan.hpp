#pragma once

#include <ATen/core/dispatch/Dispatcher.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "terse/train/exported/binding.hpp"
#include "terse/train/exported/graph.hpp"
#include "terse/train/exported/kernels.hpp"
#include "terse/train/exported/symbols.hpp"

namespace terse::train::exported {

/// Where one result of a step goes: a slot, several for a list, or nowhere.
struct Result {
  bool list = false;
  std::vector<std::optional<std::size_t>> slots;
};

/// One operator call, resolved.
struct Step {
  std::string node, target, module_path;
  std::optional<c10::OperatorHandle> op;  ///< empty for arithmetic on sizes
  SymbolFunction symbol = nullptr;
  const Kernels* kernels = nullptr;
  Guards guards;
  std::vector<Binding> arguments;
  std::optional<std::size_t> evaluation_argument;  ///< which argument evaluation changes
  c10::IValue evaluation_value;                    ///< and to what
  std::vector<Result> results;
  std::vector<std::size_t> release;  ///< slots whose last use this was
};

/// A graph made ready to run: names are slots, operators are resolved, types are checked, and it is known which
/// value is used last where.
struct Plan {
  std::vector<std::string> slot_names;
  std::map<std::string, std::size_t> slot_of;
  std::vector<Step> steps;
  std::set<std::size_t> written;  ///< slots of buffers and constants that a step changes in place
};

/// @param where  the file, for messages
/// @throws Error::BadInput naming the node and the operator: not on the allow-list, unknown to this LibTorch,
///         arguments that do not fit, an input or parameter that is changed in place
Plan make_plan(const Graph& graph, const std::string& where);

}  // namespace terse::train::exported
