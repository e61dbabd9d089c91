#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

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
  Logarithm,  ///< its exponentials, and they may be rounded
  Window,     ///< positions within a pooling window, given as indices into a plane
  Shape,      ///< its sizes
};

/// A rule of the table in rules.cpp. `lower` and `upper` are for Inside and Within: a number, the name of a scalar
/// argument of the operator ("min_val"), or empty for no bound. `least_bits` is for Values that rounding as coarse as
/// the rest would spoil; bits asked for that very tensor count nevertheless.
struct Rule {
  std::string_view op;    ///< without "aten::" and without the underscore of the in-place form
  std::string_view role;  ///< "*": every role
  Need need = Need::Values;
  std::string_view why;
  std::string_view lower = {}, upper = {};
  int least_bits = 0;
  bool rows = false;  ///< rounded as normalised rows (normalised_tensor.hpp)
};

/// What one saved tensor must be stored for: a rule's need with its bounds as numbers.
struct Requirement {
  Need need = Need::Values;
  double lower = -std::numeric_limits<double>::infinity();
  double upper = std::numeric_limits<double>::infinity();

  bool operator==(const Requirement&) const = default;
};

/// The rule for `role` of `op` ("aten::relu", "result"); a rule of need Values where the table says nothing. An
/// in-place operator ("aten::relu_") follows the rule of the plain one.
const Rule& rule_of(std::string_view op, std::string_view role);

/// Role of the k-th saved tensor of `op` that is not among its arguments: "save_mean", "indices"; where the table
/// does not name it, "result", "result1" …
std::string result_role(std::string_view op, std::uint32_t k);

}  // namespace terse::act
