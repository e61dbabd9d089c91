#include "terse/relsim/embedding/vector_distances.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace terse::relsim {
namespace {

std::vector<float> turned_round(const ScoreShape& shape, std::vector<float> row) {
  const auto half = shape.width / 2;
  switch (shape.model) {
    case ScoreModel::TransE:
      for (auto& value : row) value = -value;
      break;
    case ScoreModel::ComplEx:
    case ScoreModel::RotatE:
      for (std::size_t i = half; i < row.size(); ++i) row[i] = -row[i];
      break;
    case ScoreModel::Rescal:
      for (std::size_t i = 0; i < shape.dim; ++i) {
        for (std::size_t j = 0; j < i; ++j) std::swap(row[i * shape.width + j], row[j * shape.width + i]);
      }
      break;
    case ScoreModel::DistMult:
      break;
  }
  return row;
}

double product(const float* a, const float* b, std::size_t count) {
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

}  // namespace

Divergences vector_distances(const EmbeddingModel& model) {
  const auto n = static_cast<std::size_t>(model.relations), width = model.shape.relation_width();
  Divergences result;
  result.same.resize(n * n);
  result.swapped.resize(n * n);
  std::vector<double> length(n);
  for (std::size_t r = 0; r < n; ++r) {
    const auto* row = model.relation_row(static_cast<std::int32_t>(r));
    length[r] = std::sqrt(product(row, row, width));
  }
  for (std::size_t b = 0; b < n; ++b) {
    const auto* row = model.relation_row(static_cast<std::int32_t>(b));
    const auto turned = turned_round(model.shape, {row, row + width});
    for (std::size_t a = 0; a < n; ++a) {
      const auto* from = model.relation_row(static_cast<std::int32_t>(a));
      const auto distance = [&](const float* to) {
        const double lengths = length[a] * length[b];
        return lengths > 0 ? std::clamp(1 - product(from, to, width) / lengths, 0.0, 2.0) : 1.0;
      };
      if (a != b) result.same[a * n + b] = distance(row);
      result.swapped[a * n + b] = distance(turned.data());
    }
  }
  return result;
}

}  // namespace terse::relsim
