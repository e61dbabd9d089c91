#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace terse::relsim {

/// A sparse matrix by rows: entries of row i are begin[i] … begin[i + 1] - 1.
struct SparseMatrix {
  std::int32_t columns = 0;
  std::vector<std::size_t> begin{0};
  std::vector<std::int32_t> column;
  std::vector<float> value;

  std::size_t rows() const { return begin.size() - 1; }
  std::span<const std::int32_t> columns_of(std::size_t row) const {
    return std::span(column).subspan(begin[row], begin[row + 1] - begin[row]);
  }
  std::span<const float> values_of(std::size_t row) const {
    return std::span(value).subspan(begin[row], begin[row + 1] - begin[row]);
  }
};

SparseMatrix transpose(const SparseMatrix& matrix);

/// Dense rows of `width` floats.
struct DenseRows {
  std::size_t width = 0;
  std::vector<float> value;

  DenseRows() = default;
  DenseRows(std::size_t rows, std::size_t width) : width(width), value(rows * width) {}
  std::size_t rows() const { return width ? value.size() / width : 0; }
  std::span<float> row(std::size_t i) { return std::span(value).subspan(i * width, width); }
  std::span<const float> row(std::size_t i) const { return std::span(value).subspan(i * width, width); }
};

/// matrix · dense: [rows, width]. The same bytes for any number of threads.
DenseRows multiply(const SparseMatrix& matrix, const DenseRows& dense);

/// The `rank` leading right singular vectors, as columns of [matrix.columns, rank]: fewer columns where the matrix has
/// no more. By subspace iteration from a fixed random start (Halko, Martinsson & Tropp, SIAM Review 2011, algorithm
/// 4.4); leading vectors converge first. The same bytes for any number of threads.
DenseRows right_singular_vectors(const SparseMatrix& matrix, std::size_t rank);

}  // namespace terse::relsim
