#pragma once

#include <tuple>

#include "terse/act/tensor/torch.hpp"

namespace terse::act {

/// One layer of an LSTM from a state of zeros, whose backward pass keeps what can be rounded: `input`, gates and cells,
/// 5 floats a unit and token. LibTorch's own keeps a workspace of oneDNN's, of three times the bytes, which is opaque.
/// Where nothing is rounded, the gradient is that of at::lstm.
/// @param input      [n, tokens, width] of a floating type
/// @param weight_ih  [4 h, width], gates in PyTorch's order: input, forget, cell, output; weight_hh [4 h, h]; biases [4
/// h]
/// @return           states [n, tokens, h]
at::Tensor lstm(const at::Tensor& input, const at::Tensor& weight_ih, const at::Tensor& weight_hh,
                const at::Tensor& bias_ih, const at::Tensor& bias_hh);

/// The arguments of aten::lstm.input, which has the same results where nothing is rounded, from the same random
/// numbers.
struct LstmArguments {
  at::Tensor input;  ///< [tokens, n, width], or [n, tokens, width] where batch_first
  at::Tensor hx;     ///< [layers * directions, n, h], or the projection's size in place of h
  at::Tensor cx;     ///< [layers * directions, n, h]
  /// By layer and direction: weight_ih, weight_hh, bias_ih and bias_hh where `biases`, weight_hr [projection, h] where
  /// `projects`.
  std::vector<at::Tensor> weights;
  bool biases = true, projects = false;
  std::int64_t layers = 1;
  double dropout = 0;  ///< between layers
  bool train = true, bidirectional = false, batch_first = false;
};

/// Layers of an LSTM, each direction of which keeps what the one above keeps.
/// @return  the last layer's states, and the last states and cells of all
/// @throws c10::Error for shapes that do not fit
std::tuple<at::Tensor, at::Tensor, at::Tensor> lstm(const LstmArguments& arguments);

}  // namespace terse::act
