#pragma once

#include <memory>

#include "terse/act/stored/stored_tensor.hpp"

namespace terse::act {

/// What Need::Negative asks for: which elements are positive, and the values of the others. The elements of one piece
/// of a function never come back as those of the other. Positive ones come back as 1.
class NegativePart final : public StoredTensor {
 public:
  /// @param signs   of the depths, exact
  /// @param depths  as depths_of() has them, rounded to no less than zero
  NegativePart(std::shared_ptr<EncodedTensor> signs, std::shared_ptr<EncodedTensor> depths, at::ScalarType type)
      : signs_(std::move(signs)), depths_(std::move(depths)), type_(type) {}

  at::Tensor restore() override;
  bool draws_on(const StoredTensor& other) const override { return this == &other || depths_.get() == &other; }
  void swap_out(Swapper& swapper) override;
  void note_use() override;

 private:
  std::shared_ptr<EncodedTensor> signs_, depths_;
  at::ScalarType type_;
};

/// How far below zero each element lies: 0 of a positive one, and more than 0 of all others, zeros too. In float32, or
/// float64 of float64. No autograd.
at::Tensor depths_of(const at::Tensor& tensor);

}  // namespace terse::act
