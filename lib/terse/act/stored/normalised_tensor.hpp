#pragma once

#include <memory>

#include "terse/act/operators/running_operator.hpp"
#include "terse/act/stored/derived_tensor.hpp"

namespace terse::act {

/// A layer norm's input, stored as its rows without their mean and of variance 1, beside the statistics that the layer
/// norm saves anyway. Rows of one tensor differ in scale (a class token and patches, a padded row): rounded together,
/// the noise of the largest would swamp the smallest, and the layer norm multiplies it by that row's 1 / deviation.
///
/// It comes back as rows that have the mean exactly, and the deviation on average. The backward pass takes out of the
/// gradient its part along the row, g - x (x . g) / n: a projection only where |x|^2 = n. Rounding with variance v
/// makes it n (1 + v), so that the part is taken out 1 + v times: without bias, and without growing from layer to layer
/// as long as v is well below 1, which the rule sees to (Rule::widest_step). Scaled back to |x|^2 = n, x itself and
/// with it the gradient of the layer norm's weight would be too small by sqrt(1 + v) on average.
class NormalisedTensor final : public StoredTensor {
 public:
  /// @param rows    the normalised rows, encoded; contiguous
  /// @param length  of a row, in elements
  NormalisedTensor(std::shared_ptr<EncodedTensor> rows, std::int64_t length, const at::Tensor& input);
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
  Form form_;  // of the input; compact where that has gaps
  std::shared_ptr<StoredTensor> mean_, rstd_;
};

/// The normalised rows of the input that the running layer norm saves, and its statistics, one a row; undefined where
/// it cannot be normalised.
struct NormalisedRows {
  at::Tensor rows, mean, rstd;
  std::int64_t length = 0;
};
NormalisedRows normalised_rows(const at::Tensor& input, const RunningOperator& running);

}  // namespace terse::act
