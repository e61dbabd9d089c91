#include "terse/act/stored/pool_window.hpp"

#include <ATen/EmptyTensor.h>

#include <atomic>

#include "terse/core/parallel.hpp"

namespace terse::act {

namespace {

constexpr std::size_t kRowsAtOnce = 512;

// One number stands for both dimensions; none for `otherwise`.
std::optional<std::array<std::int64_t, 2>> pair_of(const std::vector<std::int64_t>& list,
                                                   std::optional<std::array<std::int64_t, 2>> otherwise) {
  if (list.empty()) return otherwise;
  if (list.size() > 2) return std::nullopt;
  return std::array{list.front(), list.back()};
}

}  // namespace

std::optional<PoolWindow> PoolWindow::of_running(const RunningOperator& pool, const at::Tensor& indices) {
  PoolWindow window;
  const auto kernel = pair_of(pool.integers("kernel_size"), std::nullopt);
  if (!kernel) return std::nullopt;
  const auto stride = pair_of(pool.integers("stride"), kernel);
  const auto padding = pair_of(pool.integers("padding"), std::array<std::int64_t, 2>{0, 0});
  const auto dilation = pair_of(pool.integers("dilation"), std::array<std::int64_t, 2>{1, 1});
  const auto input = pool.sizes("self");
  if (!stride || !padding || !dilation || !input || input->size() < 2 || indices.dim() < 2 ||
      indices.scalar_type() != at::kLong) {
    return std::nullopt;
  }
  window.kernel_ = *kernel;
  window.stride_ = *stride;
  window.padding_ = *padding;
  window.dilation_ = *dilation;
  window.input_width_ = input->back();
  return window;
}

at::Tensor PoolWindow::positions(const at::Tensor& indices) const {
  const at::NoGradGuard no_grad;
  const at::Tensor source = indices.detach().contiguous();
  at::Tensor positions(at::detail::empty_cpu(indices.sizes(), at::kLong));
  const std::int64_t height = indices.size(-2), width = indices.size(-1);
  const auto* from = source.const_data_ptr<std::int64_t>();
  auto* to = positions.mutable_data_ptr<std::int64_t>();
  std::atomic<bool> fits = true;
  core::parallel_for(static_cast<std::size_t>(indices.numel() / width), kRowsAtOnce, [&](auto begin, auto end) {
    bool all_fit = true;
    for (auto row = static_cast<std::int64_t>(begin); row < static_cast<std::int64_t>(end); ++row) {
      const std::int64_t top = row % height * stride_[0] - padding_[0];
      for (std::int64_t column = 0; column < width; ++column) {
        const std::int64_t index = from[row * width + column];
        const std::int64_t down = index / input_width_ - top;
        const std::int64_t across = index % input_width_ - (column * stride_[1] - padding_[1]);
        to[row * width + column] = down / dilation_[0] * kernel_[1] + across / dilation_[1];
        all_fit = all_fit && index >= 0 && down >= 0 && across >= 0 && down % dilation_[0] == 0 &&
                  across % dilation_[1] == 0 && down / dilation_[0] < kernel_[0] && across / dilation_[1] < kernel_[1];
      }
    }
    if (!all_fit) fits = false;
  });
  return fits ? positions : at::Tensor();
}

void PoolWindow::to_indices(at::Tensor& positions) const {
  const std::int64_t height = positions.size(-2), width = positions.size(-1);
  auto* data = positions.mutable_data_ptr<std::int64_t>();
  core::parallel_for(static_cast<std::size_t>(positions.numel() / width), kRowsAtOnce, [&](auto begin, auto end) {
    for (auto row = static_cast<std::int64_t>(begin); row < static_cast<std::int64_t>(end); ++row) {
      const std::int64_t top = row % height * stride_[0] - padding_[0];
      for (std::int64_t column = 0; column < width; ++column) {
        std::int64_t& element = data[row * width + column];
        const std::int64_t down = top + element / kernel_[1] * dilation_[0];
        const std::int64_t across = column * stride_[1] - padding_[1] + element % kernel_[1] * dilation_[1];
        element = down * input_width_ + across;
      }
    }
  });
}

at::Tensor PoolIndices::restore() {
  at::Tensor indices = positions_->decoded();
  window_.to_indices(indices);
  if (indices.strides() == strides_) return indices;
  const at::NoGradGuard no_grad;
  return at::Tensor(at::detail::empty_strided_cpu(indices.sizes(), strides_, at::kLong)).copy_(indices);
}

}  // namespace terse::act
