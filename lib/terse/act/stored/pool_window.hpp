#pragma once

#include <array>
#include <memory>
#include <optional>

#include "terse/act/operators/running_operator.hpp"
#include "terse/act/stored/stored_tensor.hpp"

namespace terse::act {

/// The windows of a two-dimensional max-pool, which saves for each output the index of its maximum in the input's
/// plane. The position within the window says as much in few bits: 9 values instead of thousands.
class PoolWindow {
 public:
  /// Of the max-pool that is running and saves `indices`; nullopt where its arguments are not understood.
  static std::optional<PoolWindow> of_running(const RunningOperator& pool, const at::Tensor& indices);

  /// Positions row by row within the window, [..., h, w] int64 like `indices`, contiguous; undefined where an index
  /// lies outside its window.
  at::Tensor positions(const at::Tensor& indices) const;
  /// The inverse, in place.
  void to_indices(at::Tensor& positions) const;

 private:
  std::array<std::int64_t, 2> kernel_{}, stride_{}, padding_{}, dilation_{};
  std::int64_t input_width_ = 0;
};

/// Indices of a max-pool, encoded as positions.
class PoolIndices final : public StoredTensor {
 public:
  PoolIndices(PoolWindow window, std::shared_ptr<EncodedTensor> positions, std::vector<std::int64_t> strides)
      : window_(window), positions_(std::move(positions)), strides_(std::move(strides)) {}
  at::Tensor restore() override;
  void swap_out(Swapper& swapper) override { positions_->swap_out(swapper); }
  void note_use() override { positions_->note_use(); }

 private:
  PoolWindow window_;
  std::shared_ptr<EncodedTensor> positions_;
  std::vector<std::int64_t> strides_;  // of the indices as saved
};

}  // namespace terse::act
