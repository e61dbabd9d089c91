#pragma once

#include <span>

#include "terse/relsim/sparse/sparse_matrix.hpp"

namespace terse::relsim {

/// Gives each row that is not empty unit length.
void normalise_rows(SparseMatrix& matrix);

/// Weights [columns, rank] that take a row of features to its leading components, columns scaled down by the fourth
/// root of their squared weight, so that frequent features do not drown the others.
DenseRows scaled_components(const SparseMatrix& features, std::size_t rank);

/// Finishes a vector whose components are in out[1…]: to unit length, behind a constant component that makes two
/// entities that nothing else is known of alike. Components no longer than `noise` count as nothing.
void add_constant(std::span<float> out, float noise);

}  // namespace terse::relsim
