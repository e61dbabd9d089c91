#include "terse/relsim/evidence/view_scaling.hpp"

#include <cmath>
#include <vector>

namespace terse::relsim {

void normalise_rows(SparseMatrix& matrix) {
  for (std::size_t r = 0; r < matrix.rows(); ++r) {
    double sum = 0;
    for (const float x : matrix.values_of(r)) sum += static_cast<double>(x) * static_cast<double>(x);
    const auto factor = static_cast<float>(sum > 0 ? 1 / std::sqrt(sum) : 0);
    for (std::size_t i = matrix.begin[r]; i < matrix.begin[r + 1]; ++i) matrix.value[i] *= factor;
  }
}

DenseRows scaled_components(const SparseMatrix& features, std::size_t rank) {
  std::vector<double> weight(static_cast<std::size_t>(features.columns));
  for (std::size_t i = 0; i < features.column.size(); ++i) {
    weight[static_cast<std::size_t>(features.column[i])] +=
        static_cast<double>(features.value[i]) * static_cast<double>(features.value[i]);
  }
  for (auto& w : weight) w = w > 0 ? 1 / std::sqrt(std::sqrt(w)) : 0;
  SparseMatrix scaled = features;
  for (std::size_t i = 0; i < scaled.column.size(); ++i) {
    scaled.value[i] *= static_cast<float>(weight[static_cast<std::size_t>(scaled.column[i])]);
  }
  auto components = right_singular_vectors(scaled, rank);
  for (std::size_t c = 0; c < components.rows(); ++c) {
    for (auto& x : components.row(c)) x *= static_cast<float>(weight[c]);
  }
  return components;
}

void add_constant(std::span<float> out, float noise) {
  constexpr float kConstant = 0.5f;  // against components of length 1
  float sum = 0;
  for (std::size_t k = 1; k < out.size(); ++k) sum += out[k] * out[k];
  const float length = std::sqrt(sum);
  const bool known = length > noise;
  const float all = known ? std::hypot(kConstant, 1.0f) : kConstant;
  out[0] = kConstant / all;
  for (std::size_t k = 1; k < out.size(); ++k) out[k] = known ? out[k] / (length * all) : 0;
}

}  // namespace terse::relsim
