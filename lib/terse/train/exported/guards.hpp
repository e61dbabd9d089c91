#pragma once

#include <ATen/core/function_schema.h>
#include <ATen/core/stack.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "terse/act/tensor/torch.hpp"

namespace terse::train::exported {

/// Looks at what LibTorch's kernels take from their callers unseen: lists of a fixed length, extents whose
/// products overflow, scales that do not
/// fit the sizes beside them, quotients that no integer holds. Which of it an operator is guarded against follows from
/// its schema, the names and types of its arguments, which mean the same wherever LibTorch uses them: an operator need
/// not have been thought of to be guarded.
class Guards {
 public:
  Guards() = default;  ///< checks nothing
  explicit Guards(const c10::FunctionSchema& schema);

  /// @param stack  the operator's arguments, as the dispatcher takes them
  /// @throws Error::BadInput naming the argument
  void check(const torch::jit::Stack& stack) const;

 private:
  using Named = std::pair<std::size_t, std::string>;  // place in the schema, name

  struct FixedList {
    std::size_t place;
    std::string name;
    std::size_t length;
    bool may_be_short;  // one element or none stands for all
  };

  void check_lists(const torch::jit::Stack& stack) const;
  void check_extents(const torch::jit::Stack& stack) const;
  void check_division(const torch::jit::Stack& stack) const;
  void check_scales(const torch::jit::Stack& stack) const;

  std::vector<FixedList> lists_;
  std::vector<Named> extents_;  ///< kernel sizes, strides, paddings, dilations, groups, factors
  bool divides_ = false;        ///< argument 0 by argument 1, in their own type
  std::vector<Named> scales_;   ///< of resampling, beside the output's size: one a dimension, or a list
  std::optional<std::size_t> output_size_;
};

}  // namespace terse::train::exported
