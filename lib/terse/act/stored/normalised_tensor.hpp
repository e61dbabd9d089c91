#pragma once

#include <memory>

#include "terse/act/operators/running_operator.hpp"
#include "terse/act/stored/derived_tensor.hpp"

namespace terse::act {

/// A layer norm's input, stored as its rows without their mean and of variance 1, beside the statistics that the layer
/// norm saves anyway. Rows of one tensor differ in scale (a class token and patches, a padded row): rounded together,
/// the noise of the largest would swamp the smallest, and the layer norm multiplies it by that row's 1 / deviation.
///
/// It comes back as rows that have the statistics exactly. The backward pass takes out of the gradient its part along
/// the row, g - x (x . g) / n: a projection only where |x|^2 = n, which noise adds to; at few bits it would grow from
/// layer to layer.
class NormalisedTensor final : public StoredTensor {
 public:
  /// @param rows    the normalised rows, encoded; contiguous
  /// @param length   of a row, in elements
  /// @param epsilon  the layer norm's: what it adds to a row's variance
  NormalisedTensor(std::shared_ptr<EncodedTensor> rows, std::int64_t length, double epsilon, const at::Tensor& input);
  /// The statistics, once they have been saved too: one a row.
  void with_mean(std::shared_ptr<StoredTensor> mean) { mean_ = std::move(mean); }
  void with_rstd(std::shared_ptr<StoredTensor> rstd) { rstd_ = std::move(rstd); }

  at::Tensor restore() override;
  bool draws_on(const StoredTensor& other) const override;
  void swap_out(Swapper& swapper) override { rows_->swap_out(swapper); }
  void note_use() override { rows_->note_use(); }
  const std::shared_ptr<EncodedTensor>& rows() const { return rows_; }

 private:
  std::shared_ptr<EncodedTensor> rows_;
  std::int64_t length_;
  double epsilon_;
  Form form_;  // of the input; compact where that has gaps
  std::shared_ptr<StoredTensor> mean_, rstd_;
};

/// The normalised rows of the input that the running layer norm saves, and its statistics, one a row; undefined where
/// it cannot be normalised.
struct NormalisedRows {
  at::Tensor rows, mean, rstd;
  std::int64_t length = 0;
  double epsilon = 0;
};
NormalisedRows normalised_rows(const at::Tensor& input, const RunningOperator& running);

}  // namespace terse::act
