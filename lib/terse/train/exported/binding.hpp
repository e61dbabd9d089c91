#pragma once

#include <ATen/core/function_schema.h>

#include <functional>
#include <string>
#include <vector>

#include "terse/act/tensor/torch.hpp"
#include "terse/train/exported/graph.hpp"

namespace terse::train::exported {

/// Values of a run, by slot: tensors, and the integers, floats and bools of symbolic arithmetic.
using Values = std::vector<c10::IValue>;

/// Finds the slot of a value. @throws Error::BadInput where nothing defines it
using SlotOf = std::function<std::size_t(const std::string& name)>;

/// How one argument of an operator is made from the values of a run: an argument of the file, seen through the type
/// that the operator's schema gives it. What does not depend on the run is made once.
class Binding {
 public:
  /// @param given  the argument in the file, or nullptr: the schema's default
  /// @throws Error::BadInput naming the argument where it does not fit the schema
  Binding(const c10::Argument& schema, const Argument* given, const SlotOf& slot_of);

  /// An argument of a symbolic operation, which has no schema.
  Binding(const Argument& given, const SlotOf& slot_of);

  c10::IValue make(const Values& values) const;
  /// The slots it reads.
  std::vector<std::size_t> slots() const;

 private:
  enum class Form { Any, Tensor, OptionalTensor, Scalar, Integer, Float, Bool, String, Device };
  struct Item {
    bool from_slot = false;
    std::size_t slot = 0;
    c10::IValue constant;
  };

  void choose_form(const c10::Type& type);
  void add_items(const Argument& given, const SlotOf& slot_of);
  c10::IValue convert(const c10::IValue& value) const;
  c10::IValue make_list(const Values& values) const;
  c10::IValue build(const Values& values) const;
  [[noreturn]] void refuse(const std::string& what) const;

  std::string name_;
  Form form_ = Form::Any;
  bool list_ = false;
  bool constant_ = false;
  c10::IValue made_;  ///< where constant_
  std::vector<Item> items_;
};

}  // namespace terse::train::exported
