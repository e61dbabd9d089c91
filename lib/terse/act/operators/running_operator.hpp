#pragma once

#include <ATen/record_function.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "terse/act/tensor/torch.hpp"

namespace terse::act {

/// An operator that runs, and what it was called with: every argument that is a tensor, a list of tensors or integers,
/// a number, a truth value or a string, by its name in the schema.
///
/// An argument that is None, or of another kind than asked for, is none. A name that the operator's schema does not
/// have is a mistake of ours (Error::Internal), but for operators without a schema ("terse::lstm", "custom").
class RunningOperator {
 public:
  /// It begins with these inputs; what it held of another is forgotten.
  void begin(const at::RecordFunction& function);
  /// For what saves tensors outside of any operator.
  void begin_custom();

  const std::string& name() const { return name_; }                       ///< "aten::relu", or "custom"
  std::optional<double> number(std::string_view argument) const;          ///< or a truth value, as 0 or 1
  std::vector<std::int64_t> integers(std::string_view argument) const;    ///< empty: none
  std::string text(std::string_view argument) const;                      ///< empty: none
  std::optional<at::IntArrayRef> sizes(std::string_view argument) const;  ///< of a tensor
  /// Undefined where there is none, by this name either, or where it has been written to.
  at::Tensor tensor(std::string_view argument) const;

  /// The argument that a tensor is: "input", or "tensors[1]" in a list.
  struct Place {
    std::string argument;
    bool is_written;  ///< since the operator began, by itself (relu_)
  };
  std::optional<Place> place_of(const at::Tensor& tensor) const;
  /// Whether it is an argument that the operator writes to, by its schema, and has not yet.
  bool is_about_to_write(const at::Tensor& tensor) const;

 private:
  struct TensorArgument {
    const c10::TensorImpl* tensor;  // identity alone: its caller holds it while the operator runs
    std::uint32_t version;          // at the beginning
    std::int16_t index;             // in the schema
    std::int16_t element;           // in a list of tensors, or -1
  };
  struct ValueArgument {
    std::size_t index;
    c10::IValue value;
  };

  void add(const at::Tensor& tensor, std::size_t index, std::int64_t element);
  struct Argument {
    std::string name;
    bool is_written;
  };
  const std::vector<Argument>& schema() const;
  std::optional<std::size_t> find_index(std::string_view argument) const;
  std::optional<std::size_t> index_of(std::string_view argument) const;
  const c10::IValue* value_of(std::string_view argument) const;

  std::string name_, overload_;  // keep their buffers
  std::vector<TensorArgument> tensors_;
  std::vector<ValueArgument> values_;
};

}  // namespace terse::act
