#include "terse/relsim/model/mlp_pass.hpp"

#include <algorithm>

#include "terse/relsim/model/compute_thread.hpp"

namespace terse::relsim {
namespace {

constexpr std::int64_t kPassRows = 32;      // rows of a batch
constexpr std::int64_t kWeightBlock = 128;  // rows of a weight
constexpr std::int64_t kPairPanel = 64;     // columns of pairs that lie together
// Share of pairs of active units (one of each hidden layer) up to which lists beat dense products.
constexpr double kSparsePairs = 0.008;

const float* row_of(const at::Tensor& tensor, std::int64_t i) {
  return tensor.data_ptr<float>() + i * tensor.size(1);
}
float* row_to(const at::Tensor& tensor, std::int64_t i) { return tensor.data_ptr<float>() + i * tensor.size(1); }

/// The part of a row's entries whose places lie in [begin, begin + count).
std::pair<std::size_t, std::size_t> within(const SparseRows::Row& row, std::int64_t begin, std::int64_t count) {
  const auto low = std::lower_bound(row.index.begin(), row.index.end(), static_cast<std::uint32_t>(begin));
  const auto high = std::lower_bound(low, row.index.end(), static_cast<std::uint32_t>(begin + count));
  return {low - row.index.begin(), high - row.index.begin()};
}

}  // namespace

void run_tasks(const std::vector<Task>& tasks) {
  parallel_compute(tasks.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (auto i = begin; i < end; ++i) tasks[i]();
  });
}

MlpPass::MlpPass(const Mlp& mlp, Rounding rounding)
    : rounded_(rounding == Rounding::Bfloat16 && mlp.weight[1].size(0) % kPairPanel == 0) {
  for (int i = 0; i < 3; ++i) {
    weight_.emplace_back(mlp.weight[i]);
    bias_.emplace_back(mlp.bias[i]);
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
    tasks.push_back([this, begin, count] { forward(begin, count); });
  }
  if (!rounded_) return;
  const auto hidden = weight_[1].value().size(0), half = hidden / 2;
  for (std::int64_t begin = 0; begin < hidden; begin += kWeightBlock) {
    tasks.push_back([this, begin, hidden, half] {  // for the backward pass
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
  double pairs = 0;
  for (std::size_t row = 0; row < active_[0].rows(); ++row) {
    pairs += static_cast<double>(active_[0].row(row).index.size()) *
             static_cast<double>(active_[1].row(row).index.size());
  }
  const auto hidden = static_cast<double>(a_[0].size(1));
  return pairs < kSparsePairs * hidden * hidden * static_cast<double>(rows());
}

void MlpPass::add_backward_tasks(std::vector<Task>& tasks, const at::Tensor& gradients) {
  dy_ = gradients;
  sparse_ = is_sparse();
  for (std::int64_t begin = 0; begin < rows(); begin += kPassRows) {
    const auto count = std::min(kPassRows, rows() - begin);
    tasks.push_back([this, begin, count] { sparse_ ? backward_sparse(begin, count) : backward_dense(begin, count); });
  }
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
                size(hidden), size(half), size(kPassRows)}, false);
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
                    size(kPairPanel)}, false);
    }
  }
}

// Gradients of active units only, in da_'s rows one after the other as active_ lists the units.
void MlpPass::backward_sparse(std::int64_t begin, std::int64_t count) {
  const auto dim = static_cast<std::size_t>(dy_.size(1));
  for (auto row = begin; row < begin + count; ++row) {
    const auto first = active_[0].row(static_cast<std::size_t>(row));
    const auto second = active_[1].row(static_cast<std::size_t>(row));
    const auto* dy = row_of(dy_, row);
    auto* d_second = row_to(da_[1], row);
    for (std::size_t k = 0; k < second.index.size(); ++k) {
      d_second[k] = dot_row(dy, row_of(weight_[2].value(), second.index[k]), dim);
    }
    auto* d_first = row_to(da_[0], row);
    for (std::size_t j = 0; j < first.index.size(); ++j) {
      const auto* weights = row_of(weight_[1].value(), first.index[j]);
      float sum = 0;
      for (std::size_t k = 0; k < second.index.size(); ++k) sum += d_second[k] * weights[second.index[k]];
      d_first[j] = sum;
    }
    sparse_row_product({first.index, {d_first, first.index.size()}}, weight_[0].value().data_ptr<float>(), dim, nullptr,
                       row_to(dx_, row), dim);
  }
}

void MlpPass::add_update_tasks(std::vector<Task>& tasks, const AdamRates& rates) {
  for (int i = 0; i < 3; ++i) {
    const auto weight_rows = weight_[i].value().size(0), columns = weight_[i].value().size(1);
    for (std::int64_t begin = 0; begin < weight_rows; begin += kWeightBlock) {
      const auto count = std::min(kWeightBlock, weight_rows - begin);
      tasks.push_back([this, i, columns, begin, count, rates] {
        auto gradient = at::zeros({count, columns});
        weight_gradient(i, begin, count, gradient);
        weight_[i].update(begin * columns, count * columns, gradient.data_ptr<float>(), rates);
      });
    }
    tasks.push_back([this, i, rates] {
      const auto gradient = bias_gradient(i);
      bias_[i].update(0, gradient.numel(), gradient.data_ptr<float>(), rates);
    });
  }
}

void MlpPass::weight_gradient(int i, std::int64_t begin, std::int64_t count, at::Tensor& into) const {
  if (!sparse_ && i == 1 && rounded_) {
    rounded_weight_gradient(begin, count, into.data_ptr<float>());
    return;
  }
  if (!sparse_) {
    // Row r of the first weight belongs to output r, of the others to input r.
    const auto& by_row = i == 0 ? da_[0] : a_[i - 1];
    const auto& by_column = i == 0 ? x_ : i == 1 ? da_[1] : dy_;
    at::mm_out(into, by_row.narrow(1, begin, count).t(), by_column);
    return;
  }
  const auto columns = static_cast<std::size_t>(into.size(1));
  for (std::int64_t row = 0; row < rows(); ++row) {
    const auto units = active_[i == 2].row(static_cast<std::size_t>(row));
    const auto [low, high] = within(units, begin, count);
    for (auto j = low; j < high; ++j) {
      auto* gradient = row_to(into, units.index[j] - begin);
      if (i == 0) {
        add_scaled_row(gradient, row_of(x_, row), row_of(da_[0], row)[j], columns);
      } else if (i == 2) {
        add_scaled_row(gradient, row_of(dy_, row), units.value[j], columns);
      } else {
        const auto second = active_[1].row(static_cast<std::size_t>(row)).index;
        const auto* d_second = row_of(da_[1], row);
        for (std::size_t k = 0; k < second.size(); ++k) gradient[second[k]] += units.value[j] * d_second[k];
      }
    }
  }
}

at::Tensor MlpPass::bias_gradient(int i) const {
  if (i == 2) return dy_.sum(0);
  if (!sparse_) return da_[i].sum(0);
  auto gradient = at::zeros({da_[i].size(1)});
  auto* values = gradient.data_ptr<float>();
  for (std::int64_t row = 0; row < rows(); ++row) {
    const auto index = active_[i].row(static_cast<std::size_t>(row)).index;
    for (std::size_t k = 0; k < index.size(); ++k) values[index[k]] += row_of(da_[i], row)[k];
  }
  return gradient;
}

}  // namespace terse::relsim
