#include <algorithm>
#include <vector>

#include "terse/relsim/evidence/fact_view.hpp"
#include "terse/relsim/evidence/view_scaling.hpp"
#include "terse/relsim/sparse/feature_rows.hpp"
#include "terse/relsim/sparse/name_grams.hpp"

namespace terse::relsim {
namespace {

/// Grams of each entity's name, those that another has, too, by their rarity.
SparseMatrix grams_of(std::span<const std::string> names) {
  FeatureRows rows(names.size());
  for (std::size_t e = 0; e < names.size(); ++e) {
    each_gram(names[e], [&](std::string_view gram) { rows.add(e, gram); });
  }
  const auto grams = rows.by_rarity();
  std::vector<std::int32_t> with(static_cast<std::size_t>(grams.columns));
  for (const auto column : grams.column) ++with[static_cast<std::size_t>(column)];
  std::vector<std::int32_t> place(with.size(), -1);
  SparseMatrix shared;
  for (std::size_t e = 0; e < grams.rows(); ++e) {
    for (auto i = grams.begin[e]; i < grams.begin[e + 1]; ++i) {
      const auto column = static_cast<std::size_t>(grams.column[i]);
      if (with[column] < 2) continue;
      if (place[column] < 0) place[column] = shared.columns++;
      shared.column.push_back(place[column]);
      shared.value.push_back(grams.value[i]);
    }
    shared.begin.push_back(shared.column.size());
  }
  return shared;
}

class ArgumentNames : public FactView {
 public:
  ArgumentNames(const ViewedFacts& facts, std::size_t rank) : facts_(facts) {
    auto grams = grams_of(facts.names);
    normalise_rows(grams);
    components_ = multiply(grams, scaled_components(grams, rank));
  }

  std::size_t width() const override { return components_.width + 1; }

  void describe(std::size_t fact, std::span<float> head, std::span<float> tail) const override {
    describe(facts_.triples[fact].head, head);
    describe(facts_.triples[fact].tail, tail);
  }

 private:
  void describe(std::int32_t entity, std::span<float> out) const {
    const auto components = components_.row(static_cast<std::size_t>(entity));
    std::copy(components.begin(), components.end(), out.begin() + 1);
    add_constant(out, 0);
  }

  ViewedFacts facts_;
  DenseRows components_;
};

}  // namespace

std::unique_ptr<FactView> argument_names(const ViewedFacts& facts, std::size_t rank) {
  return std::make_unique<ArgumentNames>(facts, rank);
}

}  // namespace terse::relsim
