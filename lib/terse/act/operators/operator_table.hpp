#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "terse/act/operators/running_operator.hpp"
#include "terse/act/tensor/torch.hpp"

namespace terse::act {

/// What an operator's backward pass needs of a tensor that it saved.
enum class Need : std::uint8_t {
  Values,     ///< its elements, and they may be rounded
  Exact,      ///< its elements as they are: rounding would spoil the gradient
  Sign,       ///< which elements are positive
  Positive,   ///< the same, of a tensor in which the others are zero
  Inside,     ///< which elements lie between two numbers, exclusive
  Within,     ///< which elements lie between two numbers, inclusive
  Signum,     ///< of each element whether it is negative, zero or positive
  Negative,   ///< which elements are positive, and the values of the others, which may be rounded
  Logarithm,  ///< its exponentials, and they may be rounded
  Power,   ///< of a power with a small whole exponent: its elements to the power of one less, and these may be rounded
  Window,  ///< positions within a pooling window, given as indices into a plane
  Shape,   ///< its sizes
};

/// What one saved tensor of an operator is stored for.
struct Rule {
  /// An argument of the operator's schema, one of Operator::results, "result" where that names none, or "*": any.
  std::string_view role;
  Need need = Need::Values;
  std::string_view why;
  /// For Inside and Within: a number, the name of an argument that is one ("min_val"), or empty for no bound.
  std::string_view lower = {}, upper = {};
  /// For Values that rounding as coarse as the rest would spoil; bits asked for that very tensor count nevertheless.
  int least_bits = 0;
  bool rows = false;  ///< rounded as normalised rows (normalised_tensor.hpp)
  /// For Values and Negative that the gradient is not linear in: how far apart grid points may lie, in units of the
  /// elements, for the gradient's bias to stay within kLargestBias of its norm. A tensor is stored in as many bits as
  /// that takes, and exactly where 8 do not do.
  double (*widest_step)(const at::Tensor& tensor, const RunningOperator& running) = nullptr;
};

/// What a rule may add to the gradient on average, as a share of its norm. Every rule is measured against it
/// (tests/unit/train/operator_bias.cpp).
inline constexpr double kLargestBias = 0.02;

/// An operator's results from what is restored of its parts; a part that it did not have is undefined.
using Compute = std::function<std::vector<at::Tensor>(const std::vector<at::Tensor>& parts)>;

/// How an operator's results follow from what it saves of its operands: from exact ones, the very same results. For the
/// plain operator, not for its in-place form.
struct Recipe {
  std::string_view node;                ///< of the graph: "GeluBackward0"
  std::vector<std::string_view> parts;  ///< roles that the operator saves, the one that the results hang on most first
  std::size_t needed = 0;               ///< of the parts, how many the operator always has
  std::vector<std::string_view> results = {};  ///< roles under which it saves its own results, by output
  /// For the running operator, from its arguments that are not tensors; empty: cannot be computed.
  Compute (*prepare)(const RunningOperator& running) = nullptr;
  /// In place of prepare() where all parts are exact, if that does not compute bit for bit what the operator did then.
  Compute (*prepare_exact)(const RunningOperator& running) = nullptr;
  /// In place of prepare() where the first part is stored as normalised rows: takes these for it.
  std::vector<at::Tensor> (*of_rows)(const std::vector<at::Tensor>& parts) = nullptr;
  /// The first part is not rounded but a factor without loss (dropout's noise), and the second an argument that the
  /// operator does not save: what is stored of it for another operator serves, or what derives it.
  bool factor = false;
  /// What was computed is kept until the operator itself has asked for it too (Derivation).
  bool holds = false;
};

/// All that is known of an operator: one entry of the table in operator_table.cpp.
struct Operator {
  std::string_view name;                         ///< without "aten::" and without the underscore of the in-place form
  std::vector<Rule> rules = {};                  ///< the first of a role counts; one of need Exact where there is none
  std::vector<std::string_view> results = {};    ///< roles of saved tensors that are no arguments, in order of saving
  std::vector<std::string_view> arguments = {};  ///< those that a form or the recipe reads beside tensors
  std::optional<Recipe> recipe = {};
};

/// What one saved tensor must be stored for: a rule's need with its bounds as numbers.
struct Requirement {
  Need need = Need::Values;
  double lower = -std::numeric_limits<double>::infinity();
  double upper = std::numeric_limits<double>::infinity();
  int power = 0;  ///< for Power

  bool operator==(const Requirement&) const = default;
};

/// All entries, in the order in which a reader looks for them; those of operators of which nothing may be rounded last.
std::span<const Operator> operator_table();

/// The rule for `role` of `op` ("aten::relu", "result"), or nullptr where the table says nothing. An in-place operator
/// ("aten::relu_") follows the rule of the plain one.
const Rule* find_rule(std::string_view op, std::string_view role);
/// The same; a rule of need Exact where the table says nothing.
const Rule& rule_of(std::string_view op, std::string_view role);

/// Role of the k-th saved tensor of `op` that is not among its arguments: "save_mean", "indices"; where the table
/// does not name it, "result", "result1" …
std::string result_role(std::string_view op, std::uint32_t k);

/// @return nullptr where the table has none, and for in-place operators
const Recipe* recipe_of(std::string_view op);

}  // namespace terse::act
