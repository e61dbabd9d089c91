#pragma once

#include "terse/train/base/path_module.hpp"

namespace terse::train {

/// Multi-head self-attention under the names of torch.nn.MultiheadAttention: in_proj_weight, in_proj_bias,
/// out_proj.weight, out_proj.bias; the same initial distribution.
class SelfAttention : public PathModule {
 public:
  SelfAttention(const std::string& path, std::int64_t dim, std::int64_t heads, double dropout);

  /// @param x     [n, t, dim]
  /// @param mask  undefined, or [n, 1, 1, t] bool: which positions may be attended to
  /// @return      [n, t, dim]
  at::Tensor forward(const at::Tensor& x, const at::Tensor& mask);

 private:
  std::int64_t heads_;
  double dropout_;
  at::Tensor in_proj_weight_, in_proj_bias_;
  Child<torch::nn::LinearImpl> out_proj_;
};

}  // namespace terse::train
