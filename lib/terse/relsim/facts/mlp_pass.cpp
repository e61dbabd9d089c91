#include "terse/relsim/facts/mlp_pass.hpp"

#include <algorithm>

#include "terse/relsim/kernels/block_product.hpp"
#include "terse/relsim/kernels/compute_thread.hpp"

namespace terse::relsim {
namespace {

constexpr std::int64_t kPassRows = 32;        // rows of a batch
constexpr std::int64_t kWeightBlock = 128;    // rows of a weight
constexpr std::size_t kColumns = 16;          // block_product's columns come in so many
constexpr std::int64_t kPairPanel = 64;       // columns of pairs that lie together
constexpr std::int64_t kWeightColumns = 256;  // columns of a weight that are stepped together
// Share of active units of the second hidden layer up to which lists of them beat dense products between the hidden
// layers, and rounded dense products.
constexpr double kSparseShare = 0.4, kSparseShareOfRounded = 0.25;

const float* row_of(const at::Tensor& tensor, std::int64_t i) { return tensor.data_ptr<float>() + i * tensor.size(1); }
float* row_to(const at::Tensor& tensor, std::int64_t i) { return tensor.data_ptr<float>() + i * tensor.size(1); }

/// The part of ascending places that lie in [begin, begin + count).
std::span<const std::uint32_t> within(std::span<const std::uint32_t> places, std::int64_t begin, std::int64_t count) {
  const auto low = std::lower_bound(places.begin(), places.end(), static_cast<std::uint32_t>(begin));
  return {low, std::lower_bound(low, places.end(), static_cast<std::uint32_t>(begin + count))};
}

std::size_t size_of(std::int64_t n) { return static_cast<std::size_t>(n); }

}  // namespace

void run_tasks(const std::vector<Task>& tasks) {
  parallel_compute(tasks.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (auto i = begin; i < end; ++i) tasks[i]();
  });
}

MlpPass::MlpPass(const Mlp& mlp, const StepRule& rule, Rounding rounding)
    : rounded_(rounding == Rounding::Bfloat16 && mlp.weight[1].size(0) % kPairPanel == 0) {
  for (int i = 0; i < 3; ++i) {
    weight_.emplace_back(mlp.weight[i], rule);
    bias_.emplace_back(mlp.bias[i], rule);
  }
}

at::Tensor MlpPass::inputs(std::int64_t rows) {
  const auto dim = weight_[0].value().size(1), hidden = weight_[0].value().size(0);
  if (rows > capacity_) {
    capacity_ = rows;
    for (auto* buffer : {&buffer_x_, &buffer_y_, &buffer_dx_}) *buffer = at::empty({rows, dim});
    for (auto* buffer : {&buffer_a_[0], &buffer_a_[1], &buffer_da_[0], &buffer_da_[1]}) {
      *buffer = at::empty({rows, hidden});
    }
    if (rounded_) {
      weight_pairs_.resize(static_cast<std::size_t>(hidden * hidden / 2));
      for (auto* pairs : {&a_pairs_, &da_pairs_}) pairs->resize(static_cast<std::size_t>((rows + 1) / 2 * hidden));
    }
  }
  x_ = buffer_x_.narrow(0, 0, rows);
  y_ = buffer_y_.narrow(0, 0, rows);
  dx_ = buffer_dx_.narrow(0, 0, rows);
  for (int i = 0; i < 2; ++i) {
    a_[i] = buffer_a_[i].narrow(0, 0, rows);
    da_[i] = buffer_da_[i].narrow(0, 0, rows);
    active_[i].resize(static_cast<std::size_t>(rows), static_cast<std::size_t>(hidden));
  }
  return x_;
}

void MlpPass::add_forward_tasks(std::vector<Task>& tasks) {
  for (std::int64_t begin = 0; begin < rows(); begin += kPassRows) {
    const auto count = std::min(kPassRows, rows() - begin);
    tasks.emplace_back([this, begin, count] { forward(begin, count); });
  }
  if (!rounded_) return;
  const auto hidden = weight_[1].value().size(0), half = hidden / 2;
  for (std::int64_t begin = 0; begin < hidden; begin += kWeightBlock) {
    tasks.emplace_back([this, begin, hidden, half] {  // for the backward pass
      for (auto i = begin; i < std::min(begin + kWeightBlock, hidden); ++i) {
        const auto* row = row_of(weight_[1].value(), i);
        join_pairs(row, row + half, static_cast<std::size_t>(half), weight_pairs_.data() + i * half);
      }
    });
  }
}

void MlpPass::forward(std::int64_t begin, std::int64_t count) {
  auto first = a_[0].narrow(0, begin, count);
  at::addmm_out(first, bias_[0].value(), x_.narrow(0, begin, count), weight_[0].value().t());
  first.relu_();
  for (int i = 0; i < 2; ++i) {
    for (auto row = begin; row < begin + count; ++row) {
      active_[i].set_positive(static_cast<std::size_t>(row), row_of(a_[i], row));
    }
    const auto& out = i == 0 ? a_[1] : y_;
    sparse_product(active_[i], static_cast<std::size_t>(begin), static_cast<std::size_t>(count),
                   weight_[i + 1].value().data_ptr<float>(), static_cast<std::size_t>(out.size(1)),
                   bias_[i + 1].value().data_ptr<float>(), row_to(out, begin));
    if (i == 0) a_[1].narrow(0, begin, count).relu_();
  }
}

bool MlpPass::is_sparse() const {
  double active = 0;
  for (std::size_t row = 0; row < active_[1].rows(); ++row)
    active += static_cast<double>(active_[1].row(row).index.size());
  return active < (rounded_ ? kSparseShareOfRounded : kSparseShare) * static_cast<double>(a_[1].numel());
}

void MlpPass::add_backward_tasks(std::vector<Task>& tasks, const at::Tensor& gradients) {
  dy_ = gradients;
  sparse_ = is_sparse();
  if (sparse_) transpose_weight();
  for (std::int64_t begin = 0; begin < rows(); begin += kPassRows) {
    const auto count = std::min(kPassRows, rows() - begin);
    tasks.emplace_back(
        [this, begin, count] { sparse_ ? backward_sparse(begin, count) : backward_dense(begin, count); });
  }
}

void MlpPass::transpose_weight() {
  const auto hidden = size_of(a_[0].size(1));
  transposed_.resize(hidden * hidden);
  const auto* from = weight_[1].value().data_ptr<float>();
  constexpr std::size_t kTile = 64, kStride = kTile + 1;  // an odd stride: a column lies in many sets of the cache
  parallel_compute(hidden, kTile, [&](std::size_t begin, std::size_t end) {
    std::vector<float> tile(kTile * kStride);
    for (std::size_t first = 0; first < hidden; first += kTile) {
      const auto rows = std::min(kTile, hidden - first), columns = end - begin;
      for (std::size_t j = 0; j < rows; ++j)
        std::copy_n(from + (first + j) * hidden + begin, columns, tile.begin() + j * kStride);
      for (std::size_t k = 0; k < columns; ++k) {
        auto* into = transposed_.data() + (begin + k) * hidden + first;
        for (std::size_t j = 0; j < rows; ++j) into[j] = tile[j * kStride + k];
      }
    }
  });
}

void MlpPass::backward_dense(std::int64_t begin, std::int64_t count) {
  auto gradient = dy_.narrow(0, begin, count);
  for (int i = 2; i > 0; --i) {
    auto out = da_[i - 1].narrow(0, begin, count);
    if (i == 1 && rounded_) {
      backward_rounded(begin, count);
    } else {
      at::mm_out(out, gradient, weight_[i].value().t());
    }
    at::threshold_backward_out(out, out, a_[i - 1].narrow(0, begin, count), 0);
    gradient = out;
  }
  auto out = dx_.narrow(0, begin, count);
  at::mm_out(out, gradient, weight_[0].value());
}

// The product is computed transposed: the weight's rows lie as it needs them.
void MlpPass::backward_rounded(std::int64_t begin, std::int64_t count) {
  const auto hidden = a_[0].size(1), half = hidden / 2;
  const auto size = [](std::int64_t n) { return static_cast<std::size_t>(n); };
  std::vector<std::uint32_t> row(size(half)), columns(size(half * kPassRows));
  for (std::int64_t i = 0; i < count; ++i) {
    const auto* gradient = row_of(da_[1], begin + i);
    join_pairs(gradient, gradient + half, size(half), row.data());
    for (std::int64_t j = 0; j < half; ++j) columns[size(j * kPassRows + i)] = row[size(j)];
  }
  std::vector<float> product(size(hidden * kPassRows));
  pair_product({weight_pairs_.data(), size(half), 1, columns.data(), size(kPassRows), product.data(), size(kPassRows),
                size(hidden), size(half), size(kPassRows)},
               false);
  for (std::int64_t i = 0; i < count; ++i) {
    auto* into = row_to(da_[0], begin + i);
    for (std::int64_t j = 0; j < hidden; ++j) into[j] = product[size(j * kPassRows + i)];
  }
  const std::vector<float> none(size(hidden));
  const auto pairs = (capacity_ + 1) / 2;
  for (std::int64_t i = begin; i < begin + count; i += 2) {
    for (const auto& [values, into] : {std::pair(&a_[0], &a_pairs_), std::pair(&da_[1], &da_pairs_)}) {
      const auto* even = row_of(*values, i);
      const auto* odd = i + 1 < begin + count ? row_of(*values, i + 1) : none.data();
      for (std::int64_t first = 0; first < hidden; first += kPairPanel) {
        join_pairs(even + first, odd + first, size(kPairPanel), into->data() + first * pairs + i / 2 * kPairPanel);
      }
    }
  }
}

void MlpPass::rounded_weight_gradient(std::int64_t begin, std::int64_t count, float* into) const {
  const auto hidden = a_[0].size(1), pairs = (capacity_ + 1) / 2, depth = (rows() + 1) / 2;
  const auto size = [](std::int64_t n) { return static_cast<std::size_t>(n); };
  for (std::int64_t column = 0; column < hidden; column += kPairPanel) {
    for (std::int64_t row = 0; row < count; row += kPairPanel) {
      pair_product({a_pairs_.data() + (begin + row) * pairs, 1, size(kPairPanel), da_pairs_.data() + column * pairs,
                    size(kPairPanel), into + row * hidden + column, size(hidden), size(kPairPanel), size(depth),
                    size(kPairPanel)},
                   false);
    }
  }
}

// Of the products between the hidden layers, the terms of active units alone.
void MlpPass::backward_sparse(std::int64_t begin, std::int64_t count) {
  const auto dim = size_of(dy_.size(1)), hidden = size_of(a_[0].size(1));
  SparseRows second;
  second.resize(size_of(count), hidden);
  for (std::int64_t i = 0; i < count; ++i) {
    const auto index = active_[1].row(size_of(begin + i)).index;
    const auto values = second.set_places(size_of(i), index);
    auto* dense = row_to(da_[1], begin + i);
    const auto *gradient = row_of(dy_, begin + i), *weight = row_of(weight_[2].value(), 0);
    std::fill_n(dense, hidden, 0.0f);
    for (std::size_t k = 0; k < index.size(); ++k) {
      dense[index[k]] = values[k] = dot_row(gradient, weight + index[k] * dim, dim);
    }
  }
  sparse_product(second, 0, size_of(count), transposed_.data(), hidden, nullptr, row_to(da_[0], begin));
  auto first = da_[0].narrow(0, begin, count);
  at::threshold_backward_out(first, first, a_[0].narrow(0, begin, count), 0);
  std::vector<float> values;
  for (auto row = begin; row < begin + count; ++row) {
    const auto index = active_[0].row(size_of(row)).index;
    const auto* dense = row_of(da_[0], row);
    values.clear();
    for (const auto j : index) values.push_back(dense[j]);
    sparse_row_product({index, values}, weight_[0].value().data_ptr<float>(), dim, nullptr, row_to(dx_, row), dim);
  }
}

void MlpPass::add_update_tasks(std::vector<Task>& tasks, const StepRates& rates) {
  for (int i = 0; i < 3; ++i) {
    const auto weight_rows = weight_[i].value().size(0), columns = weight_[i].value().size(1);
    if (i == 1 && sparse_) {
      for (std::int64_t begin = 0; begin < columns; begin += kWeightColumns) {
        const auto count = std::min(kWeightColumns, columns - begin);
        tasks.emplace_back([this, begin, count, rates] { update_sparse(begin, count, rates); });
      }
    } else {
      for (std::int64_t begin = 0; begin < weight_rows; begin += kWeightBlock) {
        const auto count = std::min(kWeightBlock, weight_rows - begin);
        tasks.emplace_back([this, i, columns, begin, count, rates] {
          auto gradient = at::empty({count, columns});
          weight_gradient(i, begin, count, gradient);
          weight_[i].update(begin * columns, count * columns, gradient.data_ptr<float>(), rates);
        });
      }
    }
    tasks.emplace_back([this, i, rates] {
      const auto gradient = (i == 2 ? dy_ : da_[i]).sum(0);
      bias_[i].update(0, gradient.numel(), gradient.data_ptr<float>(), rates);
    });
  }
}

void MlpPass::add_update_tasks(std::vector<Task>& tasks, const StepRates& rates,
                               std::span<const at::Tensor> gradients) {
  for (std::size_t i = 0; i < 3; ++i) {
    const auto rows = weight_[i].value().size(0), columns = weight_[i].value().size(1);
    const auto weight = gradients[2 * i].contiguous();
    for (std::int64_t begin = 0; begin < rows; begin += kWeightBlock) {
      const auto count = std::min(kWeightBlock, rows - begin);
      tasks.emplace_back([this, i, columns, begin, count, rates, weight] {
        weight_[i].update(begin * columns, count * columns, row_of(weight, begin), rates);
      });
    }
    tasks.emplace_back([this, i, rates, bias = gradients[2 * i + 1].contiguous()] {
      bias_[i].update(0, bias.numel(), bias.const_data_ptr<float>(), rates);
    });
  }
}

// A column's gradient sums over the rows of the batch in which its unit is active.
void MlpPass::update_sparse(std::int64_t begin, std::int64_t count, const StepRates& rates) {
  constexpr std::int64_t kSparseRows = 128;
  const auto hidden = a_[0].size(1);
  std::vector<std::vector<std::uint32_t>> places(size_of(count));
  std::vector<std::vector<float>> values(size_of(count));
  for (std::int64_t row = 0; row < rows(); ++row) {
    const auto* dense = row_of(da_[1], row);
    for (const auto k : within(active_[1].row(size_of(row)).index, begin, count)) {
      places[k - size_of(begin)].push_back(static_cast<std::uint32_t>(row));
      values[k - size_of(begin)].push_back(dense[k]);
    }
  }
  constexpr std::size_t kStride = kSparseRows + 1;
  std::vector<float> columns(size_of(count) * kStride), gradient(size_of(count));
  for (std::int64_t first = 0; first < hidden; first += kSparseRows) {
    const auto width = std::min<std::int64_t>(kSparseRows, hidden - first);
    for (std::size_t k = 0; k < size_of(count); ++k) {
      sparse_row_product({places[k], values[k]}, row_of(a_[0], 0) + first, size_of(hidden), nullptr,
                         columns.data() + k * kStride, size_of(width));
    }
    for (std::int64_t j = 0; j < width; ++j) {
      for (std::size_t k = 0; k < size_of(count); ++k) gradient[k] = columns[k * kStride + size_of(j)];
      weight_[1].update((first + j) * hidden + begin, count, gradient.data(), rates);
    }
  }
}

void MlpPass::weight_gradient(int i, std::int64_t begin, std::int64_t count, at::Tensor& into) const {
  if (i == 1 && rounded_) {
    rounded_weight_gradient(begin, count, into.data_ptr<float>());
    return;
  }
  // Row r of the first weight belongs to output r, of the others to input r.
  const auto& by_row = i == 0 ? da_[0] : a_[i - 1];
  const auto& by_column = i == 0 ? x_ : i == 1 ? da_[1] : dy_;
  const auto depth = size_of(rows()), here = size_of(count), columns = size_of(by_column.size(1));
  const auto width = (columns + kColumns - 1) / kColumns * kColumns;
  std::vector<float> units(depth * here), inputs(depth * width), product(here * width);  // next to each other
  for (std::int64_t row = 0; row < rows(); ++row) {
    std::copy_n(row_of(by_row, row) + begin, here, units.begin() + row * count);
    std::copy_n(row_of(by_column, row), columns, inputs.begin() + row * static_cast<std::int64_t>(width));
  }
  block_product(units.data(), 1, here, inputs.data(), width, here, depth, width, product.data(), width);
  for (std::size_t j = 0; j < here; ++j) std::copy_n(product.begin() + j * width, columns, row_to(into, j));
}

}  // namespace terse::relsim
