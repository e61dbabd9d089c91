#pragma once

#include <span>
#include <string>
#include <vector>

#include "terse/relsim/redundancy/sparse_matrix.hpp"

namespace terse::relsim {

/// The features that each row has, as a sparse matrix: log(1 + rows / rows with it) for each one, however often a row
/// names it; columns in order of first appearance.
SparseMatrix rare_features(const std::vector<std::vector<std::string>>& rows);

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
