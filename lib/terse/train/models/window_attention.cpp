#include "terse/train/models/window_attention.hpp"

#include <cmath>

namespace terse::train {

namespace {

// Row of the bias table for each pair of places of a window: by row and column offset.
at::Tensor offset_index(std::int64_t window) {
  const auto steps = at::arange(window, at::kLong);
  const auto rows = steps.repeat_interleave(window), columns = steps.repeat({window});
  const auto offset = [&](const at::Tensor& place) { return place.unsqueeze(1) - place.unsqueeze(0) + (window - 1); };
  return (offset(rows) * (2 * window - 1) + offset(columns)).flatten();
}

// Windows of [n, h, w, c] as [n * count, window * window, c], and back.
at::Tensor split_windows(const at::Tensor& x, std::int64_t window) {
  const auto n = x.size(0), h = x.size(1), w = x.size(2), c = x.size(3);
  return x.view({n, h / window, window, w / window, window, c})
      .permute({0, 1, 3, 2, 4, 5})
      .reshape({-1, window * window, c});
}

at::Tensor join_windows(const at::Tensor& windows, at::IntArrayRef shape, std::int64_t window) {
  const auto n = shape[0], h = shape[1], w = shape[2], c = shape[3];
  return windows.view({n, h / window, w / window, window, window, c}).permute({0, 1, 3, 2, 4, 5}).reshape({n, h, w, c});
}

// Which of the (at most three) bands a place is in after a cyclic shift: places of two bands were never neighbours.
at::Tensor bands(std::int64_t extent, std::int64_t window, std::int64_t shift) {
  const auto places = at::arange(extent, at::kLong);
  if (shift == 0) return at::zeros_like(places);
  return places.ge(extent - window).to(at::kLong) + places.ge(extent - shift).to(at::kLong);
}

// [count, 1, t, t]: -100 where two places of a window are of different bands, else 0.
at::Tensor shift_mask(std::int64_t h, std::int64_t w, std::int64_t window, std::int64_t row_shift,
                      std::int64_t column_shift) {
  const auto regions = bands(h, window, row_shift).unsqueeze(1) * 3 + bands(w, window, column_shift).unsqueeze(0);
  const auto windows = split_windows(regions.view({1, h, w, 1}), window).squeeze(-1);
  return windows.unsqueeze(1).ne(windows.unsqueeze(2)).to(at::kFloat).mul_(-100).unsqueeze(1);
}

}  // namespace

WindowAttention::WindowAttention(const std::string& path, std::int64_t dim, std::int64_t heads, std::int64_t window,
                                 std::int64_t shift)
    : PathModule(path), heads_(heads), window_(window), shift_(shift) {
  const auto offsets = (2 * window - 1) * (2 * window - 1);
  bias_table_ = register_parameter("relative_position_bias_table", torch::empty({offsets, heads}).normal_(0, 0.02));
  bias_index_ = register_buffer("relative_position_index", offset_index(window));
  qkv_ = make<torch::nn::LinearImpl>("qkv", dim, 3 * dim);
  proj_ = make<torch::nn::LinearImpl>("proj", dim, dim);
}

at::Tensor WindowAttention::attend(const at::Tensor& windows, const at::Tensor& bias) const {
  const auto n = windows.size(0), t = windows.size(1), c = windows.size(2);
  const auto parts = qkv_(windows).reshape({n, t, 3, heads_, c / heads_}).permute({2, 0, 3, 1, 4}).unbind(0);
  const auto width = c / heads_;
  const auto q = parts[0] * (1 / std::sqrt(static_cast<double>(width)));
  const auto count = bias.size(0);  // windows of an image, or 1 where all have the same bias
  auto scores = q.matmul(parts[1].transpose(-2, -1)).view({n / count, count, heads_, t, t}) + bias;
  const auto weights = scores.view({n, heads_, t, t}).softmax(-1);
  return proj_(weights.matmul(parts[2]).transpose(1, 2).reshape({n, t, c}));
}

at::Tensor WindowAttention::forward(const at::Tensor& input) {
  const auto h = input.size(1), w = input.size(2), t = window_ * window_;
  const auto missing = [&](std::int64_t extent) { return (window_ - extent % window_) % window_; };
  auto x = at::constant_pad_nd(input, {0, 0, 0, missing(w), 0, missing(h)});
  // A window that holds the whole map has nothing to be shifted to.
  const auto row_shift = window_ >= x.size(1) ? 0 : shift_, column_shift = window_ >= x.size(2) ? 0 : shift_;
  const bool shifted = row_shift + column_shift > 0;
  auto bias = bias_table_.index_select(0, bias_index_).view({t, t, heads_}).permute({2, 0, 1}).unsqueeze(0);
  if (shifted) {
    x = x.roll({-row_shift, -column_shift}, {1, 2});
    bias = bias + shift_mask(x.size(1), x.size(2), window_, row_shift, column_shift);
  }
  const auto shape = x.sizes().vec();
  auto y = join_windows(attend(split_windows(x, window_), bias), shape, window_);
  if (shifted) y = y.roll({row_shift, column_shift}, {1, 2});
  return y.slice(1, 0, h).slice(2, 0, w);
}

}  // namespace terse::train
