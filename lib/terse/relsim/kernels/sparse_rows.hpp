#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace terse::relsim {

/// Rows of which most values are zero, as lists of those that are not: what ReLU leaves of a hidden layer (a trained
/// fact model keeps 2 to 8 % of its units active).
class SparseRows {
 public:
  /// One row: places in ascending order, and the values there.
  struct Row {
    std::span<const std::uint32_t> index;
    std::span<const float> value;
  };

  /// Room for [rows, width]; every row begins empty.
  void resize(std::size_t rows, std::size_t width);
  /// Keeps the values of a dense row [width] that are not zero or below. Different rows may be set on different
  /// threads.
  void set_positive(std::size_t row, const float* dense);
  /// Takes places in ascending order. @return the row's values, for the caller to fill
  std::span<float> set_places(std::size_t row, std::span<const std::uint32_t> index);
  Row row(std::size_t i) const {
    return {{index_.data() + i * width_, count_[i]}, {value_.data() + i * width_, count_[i]}};
  }
  std::size_t rows() const { return count_.size(); }

 private:
  std::size_t width_ = 0;
  std::vector<std::uint32_t> index_;  // [rows, width], of which the first count_[i] are used
  std::vector<float> value_;
  std::vector<std::size_t> count_;
};

/// output[c] = bias[c] + Σ row.value[i] · matrix[row.index[i], c] for c < columns; a null bias is zero.
/// @param matrix  row-major, `stride` values apart
void sparse_row_product(const SparseRows::Row& row, const float* matrix, std::size_t stride, const float* bias,
                        float* output, std::size_t columns);

/// The same for rows `begin` … `begin + count - 1` of `rows`: output [count, columns] = bias + rows × matrix
/// [width, columns], worked on so that the matrix is read from near caches.
void sparse_product(const SparseRows& rows, std::size_t begin, std::size_t count, const float* matrix,
                    std::size_t columns, const float* bias, float* output);

/// Σ a[i] b[i] over [n].
float dot_row(const float* a, const float* b, std::size_t n);

/// into[i] += factor · from[i] over [n].
void add_scaled_row(float* into, const float* from, float factor, std::size_t n);

/// row[i] *= factor over [n].
void scale_row(float* row, float factor, std::size_t n);

}  // namespace terse::relsim
