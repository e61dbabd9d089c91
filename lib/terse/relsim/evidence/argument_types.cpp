#include <algorithm>
#include <cmath>
#include <vector>

#include "terse/relsim/evidence/fact_view.hpp"
#include "terse/relsim/evidence/view_scaling.hpp"
#include "terse/relsim/sparse/sparse_matrix.hpp"

namespace terse::relsim {
namespace {

/// Entities by how often they are head (column r) or tail (column R + r) of each relation.
SparseMatrix count_roles(const ViewedFacts& facts) {
  std::vector<std::pair<std::int32_t, std::int32_t>> roles;
  roles.reserve(2 * facts.triples.size());
  for (const auto& t : facts.triples) {
    roles.emplace_back(t.head, t.relation);
    roles.emplace_back(t.tail, facts.relations + t.relation);
  }
  std::sort(roles.begin(), roles.end());
  SparseMatrix counts;
  counts.columns = 2 * facts.relations;
  std::size_t i = 0;
  for (std::int32_t e = 0; e < facts.entities; ++e) {
    for (; i < roles.size() && roles[i].first == e; ++i) {
      if (i > 0 && roles[i] == roles[i - 1]) {
        ++counts.value.back();
      } else {
        counts.column.push_back(roles[i].second);
        counts.value.push_back(1);
      }
    }
    counts.begin.push_back(counts.column.size());
  }
  return counts;
}

class ArgumentTypes : public FactView {
 public:
  ArgumentTypes(const ViewedFacts& facts, std::size_t rank) : facts_(facts), counts_(count_roles(facts)) {
    SparseMatrix logs = counts_;
    for (auto& x : logs.value) x = std::log1p(x);
    normalise_rows(logs);
    weights_ = scaled_components(logs, rank);
  }

  std::size_t width() const override { return weights_.width + 1; }

  void describe(std::size_t fact, std::span<float> head, std::span<float> tail) const override {
    describe(fact, facts_.triples[fact].head, head);
    describe(fact, facts_.triples[fact].tail, tail);
  }

 private:
  void describe(std::size_t fact, std::int32_t entity, std::span<float> out) const {
    const auto row = static_cast<std::size_t>(entity);
    const auto columns = counts_.columns_of(row);
    const auto counts = counts_.values_of(row);
    // How often each role stems from the facts to be left out; few, so that a sorted list is the fastest map.
    thread_local std::vector<std::int32_t> left_out;
    left_out.clear();
    for (const auto f : facts_.edges.beside(fact)) {
      const auto& t = facts_.triples[static_cast<std::size_t>(f)];
      if (t.head == entity) left_out.push_back(t.relation);
      if (t.tail == entity) left_out.push_back(facts_.relations + t.relation);
    }
    std::sort(left_out.begin(), left_out.end());
    std::fill(out.begin(), out.end(), 0.0f);
    std::size_t next = 0;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      float count = counts[i];
      for (; next < left_out.size() && left_out[next] == columns[i]; ++next) --count;
      if (count <= 0) continue;
      const float x = std::log1p(count);
      const auto weights = weights_.row(static_cast<std::size_t>(columns[i]));
      for (std::size_t k = 0; k < weights.size(); ++k) out[k + 1] += x * weights[k];
    }
    add_constant(out, 0);
  }

  ViewedFacts facts_;
  SparseMatrix counts_;
  DenseRows weights_;
};

}  // namespace

std::unique_ptr<FactView> argument_types(const ViewedFacts& facts, std::size_t rank) {
  return std::make_unique<ArgumentTypes>(facts, rank);
}

}  // namespace terse::relsim
