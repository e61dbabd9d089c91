#include <algorithm>
#include <cmath>
#include <tuple>
#include <vector>

#include "terse/relsim/evidence/fact_view.hpp"
#include "terse/relsim/evidence/view_scaling.hpp"
#include "terse/relsim/sparse/sparse_matrix.hpp"

namespace terse::relsim {
namespace {

constexpr std::int32_t kNone = -1;

/// Which neighbour each fact gives to its head and to its tail: a column for each (role, neighbour) that at least two
/// entities have. What one entity alone has says nothing about likeness.
struct NeighbourColumns {
  std::vector<std::int32_t> of_head, of_tail;  // [facts], kNone where nobody shares it
  std::int32_t count = 0;
};

NeighbourColumns number_neighbours(const ViewedFacts& facts) {
  const std::size_t n = facts.triples.size();
  // Facts twice, once a side, by role and neighbour.
  std::vector<std::tuple<std::int32_t, std::int32_t, std::int32_t>> sides;
  sides.reserve(2 * n);
  for (std::size_t f = 0; f < n; ++f) {
    const auto& t = facts.triples[f];
    sides.emplace_back(t.relation, t.tail, static_cast<std::int32_t>(f));
    sides.emplace_back(facts.relations + t.relation, t.head, static_cast<std::int32_t>(f));
  }
  std::sort(sides.begin(), sides.end());
  NeighbourColumns columns{std::vector<std::int32_t>(n, kNone), std::vector<std::int32_t>(n, kNone), 0};
  for (std::size_t i = 0; i < sides.size();) {
    std::size_t end = i;
    const auto [role, neighbour, first] = sides[i];
    while (end < sides.size() && std::get<0>(sides[end]) == role && std::get<1>(sides[end]) == neighbour) ++end;
    if (end - i > 1) {
      auto& side = role < facts.relations ? columns.of_head : columns.of_tail;
      for (std::size_t k = i; k < end; ++k) side[static_cast<std::size_t>(std::get<2>(sides[k]))] = columns.count;
      ++columns.count;
    }
    i = end;
  }
  return columns;
}

SparseMatrix neighbour_matrix(const ViewedFacts& facts, const NeighbourColumns& columns) {
  std::vector<std::pair<std::int32_t, std::int32_t>> entries;
  for (std::size_t f = 0; f < facts.triples.size(); ++f) {
    if (columns.of_head[f] != kNone) entries.emplace_back(facts.triples[f].head, columns.of_head[f]);
    if (columns.of_tail[f] != kNone) entries.emplace_back(facts.triples[f].tail, columns.of_tail[f]);
  }
  std::sort(entries.begin(), entries.end());
  SparseMatrix matrix;
  matrix.columns = columns.count;
  std::size_t i = 0;
  for (std::int32_t e = 0; e < facts.entities; ++e) {
    for (; i < entries.size() && entries[i].first == e; ++i) matrix.column.push_back(entries[i].second);
    matrix.begin.push_back(matrix.column.size());
  }
  matrix.value.assign(matrix.column.size(), 1);
  return matrix;
}

class Neighbourhoods : public FactView {
 public:
  Neighbourhoods(const ViewedFacts& facts, std::size_t rank) : facts_(facts), columns_(number_neighbours(facts)) {
    const auto matrix = neighbour_matrix(facts, columns_);
    auto scaled = matrix;
    normalise_rows(scaled);
    weights_ = scaled_components(scaled, rank);
    components_ = multiply(matrix, weights_);
  }

  std::size_t width() const override { return weights_.width + 1; }

  void describe(std::size_t fact, std::span<float> head, std::span<float> tail) const override {
    describe(fact, facts_.triples[fact].head, head);
    describe(fact, facts_.triples[fact].tail, tail);
  }

 private:
  void describe(std::size_t fact, std::int32_t entity, std::span<float> out) const {
    std::fill(out.begin(), out.end(), 0.0f);
    const std::size_t width = weights_.width;
    if (width == 0) return add_constant(out, 0);
    const auto whole = components_.row(static_cast<std::size_t>(entity));
    float size = 0;
    for (std::size_t k = 0; k < width; ++k) {
      out[k + 1] = whole[k];
      size += whole[k] * whole[k];
    }
    for (const auto f : facts_.edges.beside(fact)) {
      const auto& t = facts_.triples[static_cast<std::size_t>(f)];
      if (t.head == entity) leave_out(columns_.of_head[static_cast<std::size_t>(f)], out);
      if (t.tail == entity) leave_out(columns_.of_tail[static_cast<std::size_t>(f)], out);
    }
    add_constant(out, 1e-4f * std::sqrt(size));  // rounding errors of what cancels
  }

  void leave_out(std::int32_t column, std::span<float> out) const {
    if (column == kNone) return;
    const auto weights = weights_.row(static_cast<std::size_t>(column));
    for (std::size_t k = 0; k < weights.size(); ++k) out[k + 1] -= weights[k];
  }

  ViewedFacts facts_;
  NeighbourColumns columns_;
  DenseRows weights_, components_;
};

}  // namespace

std::unique_ptr<FactView> neighbourhoods(const ViewedFacts& facts, std::size_t rank) {
  return std::make_unique<Neighbourhoods>(facts, rank);
}

}  // namespace terse::relsim
