#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace terse::act {

/// What an operator's backward pass needs of a tensor that it saved.
enum class Need : std::uint8_t {
  Values,  ///< its elements, and they may be rounded
  Exact,   ///< its elements as they are: rounding would spoil the gradient
  Sign,    ///< which elements are positive
  Shape,   ///< its sizes
};

/// The need of `role` of `op` ("aten::relu", "result"), by the table in rules.cpp; Values where it says nothing.
/// An in-place operator ("aten::relu_") follows the rule of the plain one.
Need need_of(std::string_view op, std::string_view role);

/// Role of the k-th saved tensor of `op` that is not among its arguments: "save_mean", "indices"; where the table
/// does not name it, "result", "result1" …
std::string result_role(std::string_view op, std::uint32_t k);

}  // namespace terse::act
