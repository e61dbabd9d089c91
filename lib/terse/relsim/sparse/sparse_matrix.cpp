#include "terse/relsim/sparse/sparse_matrix.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "terse/core/parallel.hpp"
#include "terse/core/philox.hpp"

namespace terse::relsim {
namespace {

constexpr std::size_t kRowsAtOnce = 4096;
constexpr std::size_t kSpareVectors = 10;  // more than asked for, so that the last ones asked for converge, too
constexpr int kIterations = 4;

/// A small square matrix, row-major.
struct Square {
  std::size_t size;
  std::vector<double> value;
  explicit Square(std::size_t n) : size(n), value(n * n) {}
  double& operator()(std::size_t i, std::size_t j) { return value[i * size + j]; }
};

/// rowsᵀ · rows. Chunks are summed in order, whichever thread made them.
Square gram(const DenseRows& rows) {
  const std::size_t k = rows.width, chunks = (rows.rows() + kRowsAtOnce - 1) / kRowsAtOnce;
  std::vector<std::vector<double>> parts(chunks);
  core::parallel_for(chunks, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t c = begin; c < end; ++c) {
      auto& part = parts[c];
      part.assign(k * k, 0);
      for (std::size_t r = c * kRowsAtOnce; r < std::min(rows.rows(), (c + 1) * kRowsAtOnce); ++r) {
        const auto row = rows.row(r);
        for (std::size_t i = 0; i < k; ++i) {
          const double x = row[i];
          for (std::size_t j = 0; j < k; ++j) part[i * k + j] += x * static_cast<double>(row[j]);
        }
      }
    }
  });
  Square sum(k);
  for (const auto& part : parts) {
    for (std::size_t i = 0; i < part.size(); ++i) sum.value[i] += part[i];
  }
  return sum;
}

struct Eigen {
  std::vector<double> values;  // descending
  Square vectors;              // columns
};

/// Cyclic Jacobi rotations (Golub & Van Loan, section 8.5), for symmetric matrices of a hundred rows or so.
Eigen eigen(Square a) {
  const std::size_t n = a.size;
  Square v(n);
  for (std::size_t i = 0; i < n; ++i) v(i, i) = 1;
  for (int sweep = 0; sweep < 30; ++sweep) {
    double off = 0, all = 0;
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) (i == j ? all : off) += a(i, j) * a(i, j);
    }
    if (off <= 1e-22 * all) break;
    for (std::size_t p = 0; p < n; ++p) {
      for (std::size_t q = p + 1; q < n; ++q) {
        if (a(p, q) == 0) continue;
        const double theta = (a(q, q) - a(p, p)) / (2 * a(p, q));
        const double t = (theta >= 0 ? 1 : -1) / (std::abs(theta) + std::hypot(theta, 1));
        const double c = 1 / std::hypot(t, 1), s = t * c;
        for (std::size_t k = 0; k < n; ++k) {
          const double x = a(k, p), y = a(k, q);
          a(k, p) = c * x - s * y, a(k, q) = s * x + c * y;
        }
        for (std::size_t k = 0; k < n; ++k) {
          const double x = a(p, k), y = a(q, k);
          a(p, k) = c * x - s * y, a(q, k) = s * x + c * y;
        }
        for (std::size_t k = 0; k < n; ++k) {
          const double x = v(k, p), y = v(k, q);
          v(k, p) = c * x - s * y, v(k, q) = s * x + c * y;
        }
      }
    }
  }
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) { return a(i, i) > a(j, j); });
  Eigen result{{}, Square(n)};
  for (std::size_t j = 0; j < n; ++j) {
    result.values.push_back(a(order[j], order[j]));
    for (std::size_t i = 0; i < n; ++i) result.vectors(i, j) = v(i, order[j]);
  }
  return result;
}

/// Turns the columns of `rows` into an orthonormal basis of what they span, leading directions first, at most `most`.
void orthonormalise(DenseRows& rows, std::size_t most) {
  auto [values, vectors] = eigen(gram(rows));
  std::size_t kept = 0;
  // A direction below the rounding error of float holds nothing but noise.
  while (kept < std::min(most, values.size()) && values[kept] > 1e-10 * values[0] && values[kept] > 0) ++kept;
  DenseRows basis(rows.rows(), kept);
  const std::size_t k = rows.width, count = rows.rows();
  std::vector<float> rotation(k * kept);
  for (std::size_t i = 0; i < k; ++i) {
    for (std::size_t j = 0; j < kept; ++j) {
      rotation[i * kept + j] = static_cast<float>(vectors(i, j) / std::sqrt(values[j]));
    }
  }
  core::parallel_for(kept ? count : 0, kRowsAtOnce, [&](std::size_t begin, std::size_t end) {
    for (std::size_t r = begin; r < end; ++r) {
      const auto from = rows.row(r);
      const auto to = basis.row(r);
      for (std::size_t i = 0; i < k; ++i) {
        for (std::size_t j = 0; j < kept; ++j) to[j] += from[i] * rotation[i * kept + j];
      }
    }
  });
  rows = std::move(basis);
}

}  // namespace

SparseMatrix transpose(const SparseMatrix& matrix) {
  SparseMatrix result;
  result.columns = static_cast<std::int32_t>(matrix.rows());
  result.begin.assign(static_cast<std::size_t>(matrix.columns) + 1, 0);
  for (const auto c : matrix.column) ++result.begin[static_cast<std::size_t>(c) + 1];
  std::partial_sum(result.begin.begin(), result.begin.end(), result.begin.begin());
  result.column.resize(matrix.column.size());
  result.value.resize(matrix.value.size());
  auto next = result.begin;
  for (std::size_t row = 0; row < matrix.rows(); ++row) {
    for (std::size_t i = matrix.begin[row]; i < matrix.begin[row + 1]; ++i) {
      const auto to = next[static_cast<std::size_t>(matrix.column[i])]++;
      result.column[to] = static_cast<std::int32_t>(row);
      result.value[to] = matrix.value[i];
    }
  }
  return result;
}

DenseRows multiply(const SparseMatrix& matrix, const DenseRows& dense) {
  DenseRows result(matrix.rows(), dense.width);
  core::parallel_for(dense.width ? matrix.rows() : 0, kRowsAtOnce, [&](std::size_t begin, std::size_t end) {
    for (std::size_t r = begin; r < end; ++r) {
      const auto to = result.row(r);
      for (std::size_t i = matrix.begin[r]; i < matrix.begin[r + 1]; ++i) {
        const auto from = dense.row(static_cast<std::size_t>(matrix.column[i]));
        const float x = matrix.value[i];
        for (std::size_t j = 0; j < to.size(); ++j) to[j] += x * from[j];
      }
    }
  });
  return result;
}

DenseRows right_singular_vectors(const SparseMatrix& matrix, std::size_t rank) {
  const std::size_t smaller = std::min(matrix.rows(), static_cast<std::size_t>(matrix.columns));
  const auto turned = transpose(matrix);
  DenseRows basis(matrix.rows(), std::min(rank + kSpareVectors, smaller));
  core::RandomSequence random({.seed = 1, .stream = core::stream_of("singular vectors"), .step = 0});
  for (auto& x : basis.value) x = static_cast<float>(random.normal());
  for (int i = 0; i < kIterations; ++i) {
    basis = multiply(matrix, multiply(turned, basis));
    orthonormalise(basis, basis.width);
  }
  auto right = multiply(turned, basis);
  orthonormalise(right, rank);
  return right;
}

}  // namespace terse::relsim
