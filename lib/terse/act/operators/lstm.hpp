#pragma once

#include "terse/act/tensor/torch.hpp"

namespace terse::act {

/// One layer of an LSTM from a state of zeros, whose backward pass keeps what can be rounded: `input`, gates and cells,
/// 5 floats a unit and token. LibTorch's own keeps a workspace of oneDNN's, of three times the bytes, which is opaque.
/// Where nothing is rounded, the gradient is that of at::lstm.
/// @param input      [n, tokens, width] float32
/// @param weight_ih  [4 h, width], gates in PyTorch's order: input, forget, cell, output; weight_hh [4 h, h]; biases [4
/// h]
/// @return           states [n, tokens, h]
at::Tensor lstm(const at::Tensor& input, const at::Tensor& weight_ih, const at::Tensor& weight_hh,
                const at::Tensor& bias_ih, const at::Tensor& bias_hh);

}  // namespace terse::act
