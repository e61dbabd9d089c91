#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "terse/relsim/kb/vocabulary.hpp"
#include "terse/relsim/sparse/sparse_matrix.hpp"

namespace terse::relsim {

/// Features by row, as they are met, in any order.
class FeatureRows {
 public:
  explicit FeatureRows(std::size_t rows = 0) : rows_(rows) {}
  std::size_t rows() const { return rows_.size(); }
  void add_row() { rows_.emplace_back(); }
  void add(std::size_t row, std::string_view feature) { rows_[row].push_back(known_.intern(feature)); }

  /// As a sparse matrix: log(1 + rows / rows with it) for each feature, however often a row has it; columns in order of
  /// first appearance, row by row. Nothing is left here.
  SparseMatrix by_rarity();

 private:
  Vocabulary known_;
  std::vector<std::vector<std::int32_t>> rows_;
};

/// Row i is the sum of those rows of `matrix` that groups[i] names.
SparseMatrix sum_rows(const SparseMatrix& matrix, const std::vector<std::vector<std::size_t>>& groups);

/// Scales row i of all `matrices` by one factor, so that together they have the given length; rows of zeros stay.
/// @param matrices  with equally many rows; columns of one are no columns of another
void scale_rows(std::span<SparseMatrix> matrices, double length);

/// Leaves out the entries of columns that more than `most` rows have.
void leave_out_common(SparseMatrix& matrix, std::size_t most);

/// One matrix of the columns of all, which have equally many rows.
SparseMatrix side_by_side(std::span<const SparseMatrix> matrices);

}  // namespace terse::relsim
