#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

/// Which operators an exported program may run, and what evaluation changes about them.
namespace terse::train::exported {

/// An operator's name as the dispatcher has it: "aten::conv2d" and its overload, "" for the default one.
struct OperatorName {
  std::string name;
  std::string overload;
};

/// Splits "torch.ops.aten.add.Tensor"; nullopt where the target is no `torch.ops` operator with an overload.
std::optional<OperatorName> parse_target(std::string_view target);

/// Whether the operator is on the allow-list: pure tensor arithmetic that reads and writes its arguments alone.
/// Nothing that touches files, processes, handles, or memory that it was not given.
bool is_allowed(const OperatorName& op);
/// The list itself, sorted, without "aten::" and without in-place variants.
std::span<const std::string_view> allowed_operators();

/// What evaluation mode sets an argument to.
struct EvaluationSwitch {
  std::string_view name;      ///< operator: "aten::dropout"
  std::string_view argument;  ///< "train": set to false, or to 0 where it is a number
  std::string_view needs;     ///< only where this argument is given (running statistics); empty for always
};

/// The switch of an operator that behaves differently in training, or nullptr.
const EvaluationSwitch* evaluation_switch(std::string_view name);

}  // namespace terse::train::exported
