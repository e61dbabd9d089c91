#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "terse/act/operators/operator_table.hpp"
#include "terse/act/stored/stored_tensor.hpp"

namespace terse::act {

/// Type, sizes and strides of a tensor that begins at its storage's start.
struct Form {
  at::ScalarType type;
  std::vector<std::int64_t> sizes, strides;

  static Form of(const at::Tensor& tensor);
  at::Tensor view(const c10::Storage& storage) const;
};

/// An operator's results as functions of what is stored of its operands: computed again when one is asked for, and
/// shared by all who ask while it lives.
class Derivation {
 public:
  /// @param parts  a null part: the operator has none
  /// @param holds  keep what was computed until the operator itself has asked for it too: for an operator that saves
  ///               its own results, of which one is also saved by what comes next, and whose computing costs
  Derivation(std::vector<std::shared_ptr<StoredTensor>> parts, Compute compute, bool holds);

  /// The memory of result `k`, laid out as `form` says. Thread-safe.
  /// @param own  asked for by the operator's own backward pass, the last to ask
  c10::Storage result(std::size_t k, const Form& form, bool own);
  bool draws_on(const StoredTensor& other) const;
  /// Whether all parts are exact: the results then are those of the operator itself.
  bool is_exact() const;
  void note_use() const;

 private:
  std::vector<at::Tensor> compute() const;

  std::vector<std::shared_ptr<StoredTensor>> parts_;
  Compute compute_;
  bool holds_;
  std::mutex mutex_;
  struct Result {
    at::Tensor held;  // undefined: not held
    c10::weak_intrusive_ptr<c10::StorageImpl> living{c10::intrusive_ptr<c10::StorageImpl>()};
  };
  std::vector<Result> results_;
};

/// A result of a derivation, or a view of its whole memory.
class DerivedTensor final : public StoredTensor {
 public:
  DerivedTensor(std::shared_ptr<Derivation> derivation, std::size_t result, Form whole, Form seen, bool own);
  at::Tensor restore() override;
  bool draws_on(const StoredTensor& other) const override;
  bool is_exact() const override { return derivation_->is_exact(); }
  void swap_out(Swapper&) override { derivation_->note_use(); }
  void note_use() override { derivation_->note_use(); }

 private:
  std::shared_ptr<Derivation> derivation_;
  std::size_t result_;
  Form whole_, seen_;
  bool own_;
};

}  // namespace terse::act
