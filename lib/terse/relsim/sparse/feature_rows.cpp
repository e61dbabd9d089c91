#include "terse/relsim/sparse/feature_rows.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace terse::relsim {

SparseMatrix FeatureRows::by_rarity() {
  SparseMatrix matrix;
  std::vector<std::int32_t> column_of(static_cast<std::size_t>(known_.size()), -1);
  known_ = {};
  std::vector<double> frequency;
  for (auto& row : rows_) {
    const auto first = static_cast<std::ptrdiff_t>(matrix.column.size());
    for (const auto feature : row) {
      auto& column = column_of[static_cast<std::size_t>(feature)];
      if (column < 0) {
        column = matrix.columns++;
        frequency.push_back(0);
      }
      matrix.column.push_back(column);
    }
    row = {};
    std::sort(matrix.column.begin() + first, matrix.column.end());
    matrix.column.erase(std::unique(matrix.column.begin() + first, matrix.column.end()), matrix.column.end());
    matrix.begin.push_back(matrix.column.size());
    for (auto i = static_cast<std::size_t>(first); i < matrix.column.size(); ++i) {
      ++frequency[static_cast<std::size_t>(matrix.column[i])];
    }
  }
  const auto rows = static_cast<double>(std::exchange(rows_, {}).size());
  matrix.value.reserve(matrix.column.size());
  for (const auto c : matrix.column) {
    matrix.value.push_back(static_cast<float>(std::log1p(rows / frequency[static_cast<std::size_t>(c)])));
  }
  return matrix;
}

SparseMatrix sum_rows(const SparseMatrix& matrix, const std::vector<std::vector<std::size_t>>& groups) {
  SparseMatrix sums;
  sums.columns = matrix.columns;
  for (const auto& group : groups) {
    std::map<std::int32_t, float> sum;
    for (const auto row : group) {
      const auto columns = matrix.columns_of(row);
      const auto values = matrix.values_of(row);
      for (std::size_t i = 0; i < columns.size(); ++i) sum[columns[i]] += values[i];
    }
    for (const auto& [column, value] : sum) sums.column.push_back(column), sums.value.push_back(value);
    sums.begin.push_back(sums.column.size());
  }
  return sums;
}

void scale_rows(std::span<SparseMatrix> matrices, double length) {
  if (matrices.empty()) return;
  for (std::size_t row = 0; row < matrices.front().rows(); ++row) {
    double square = 0;
    for (const auto& matrix : matrices) {
      for (const float x : matrix.values_of(row)) square += static_cast<double>(x) * static_cast<double>(x);
    }
    const auto factor = static_cast<float>(square > 0 ? length / std::sqrt(square) : 0);
    for (auto& matrix : matrices) {
      for (std::size_t i = matrix.begin[row]; i < matrix.begin[row + 1]; ++i) matrix.value[i] *= factor;
    }
  }
}

void leave_out_common(SparseMatrix& matrix, std::size_t most) {
  std::vector<std::size_t> rows_with(static_cast<std::size_t>(matrix.columns));
  for (const auto column : matrix.column) ++rows_with[static_cast<std::size_t>(column)];
  std::size_t kept = 0;
  for (std::size_t row = 0, next = 0; row < matrix.rows(); ++row) {
    const auto end = matrix.begin[row + 1];
    for (auto i = next; i < end; ++i) {
      if (rows_with[static_cast<std::size_t>(matrix.column[i])] > most) continue;
      matrix.column[kept] = matrix.column[i];
      matrix.value[kept++] = matrix.value[i];
    }
    next = end;
    matrix.begin[row + 1] = kept;
  }
  matrix.column.resize(kept);
  matrix.value.resize(kept);
}

SparseMatrix side_by_side(std::span<const SparseMatrix> matrices) {
  SparseMatrix all;
  std::size_t entries = 0;
  for (const auto& matrix : matrices) entries += matrix.column.size();
  all.column.reserve(entries);
  all.value.reserve(entries);
  const std::size_t rows = matrices.empty() ? 0 : matrices.front().rows();
  for (std::size_t row = 0; row < rows; ++row) {
    all.columns = 0;
    for (const auto& matrix : matrices) {
      for (const auto column : matrix.columns_of(row)) all.column.push_back(all.columns + column);
      const auto values = matrix.values_of(row);
      all.value.insert(all.value.end(), values.begin(), values.end());
      all.columns += matrix.columns;
    }
    all.begin.push_back(all.column.size());
  }
  return all;
}

}  // namespace terse::relsim
