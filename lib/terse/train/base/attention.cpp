#include "terse/train/base/attention.hpp"

namespace terse::train {

SelfAttention::SelfAttention(const std::string& path, std::int64_t dim, std::int64_t heads, double dropout)
    : PathModule(path), heads_(heads), dropout_(dropout) {
  in_proj_weight_ = register_parameter("in_proj_weight", torch::empty({3 * dim, dim}));
  in_proj_bias_ = register_parameter("in_proj_bias", torch::zeros({3 * dim}));
  out_proj_ = make<torch::nn::LinearImpl>("out_proj", dim, dim);
  torch::nn::init::xavier_uniform_(in_proj_weight_);
  torch::nn::init::zeros_(out_proj_->bias);
}

at::Tensor SelfAttention::forward(const at::Tensor& x, const at::Tensor& mask) {
  const auto n = x.size(0), t = x.size(1), dim = x.size(2);
  const auto qkv = at::linear(x, in_proj_weight_, in_proj_bias_).view({n, t, 3, heads_, dim / heads_});
  const auto parts = qkv.permute({2, 0, 3, 1, 4}).unbind(0);
  const auto attended = at::scaled_dot_product_attention(
      parts[0], parts[1], parts[2], mask.defined() ? std::optional<at::Tensor>(mask) : std::nullopt,
      is_training() ? dropout_ : 0);
  return out_proj_(attended.transpose(1, 2).reshape({n, t, dim}));
}

}  // namespace terse::train
