#pragma once

#include "terse/train/base/path_module.hpp"

namespace terse::train {

/// Self-attention within windows of a feature map, which may be shifted by some rows and columns, with a learned bias
/// for every offset between two places of a window. Names: torchvision's ShiftedWindowAttention (qkv, proj,
/// relative_position_bias_table, relative_position_index).
/// Source: Liu et al., ICCV 2021.
class WindowAttention : public PathModule {
 public:
  WindowAttention(const std::string& path, std::int64_t dim, std::int64_t heads, std::int64_t window,
                  std::int64_t shift);

  /// @param x  [n, h, w, dim]; padded with zeros to whole windows
  /// @return   [n, h, w, dim]
  at::Tensor forward(const at::Tensor& x);

 private:
  at::Tensor attend(const at::Tensor& windows, const at::Tensor& bias) const;

  std::int64_t heads_, window_, shift_;
  at::Tensor bias_table_, bias_index_;
  Child<torch::nn::LinearImpl> qkv_, proj_;
};

}  // namespace terse::train
