#include "terse/relsim/embedding/embedding_scorer.hpp"

#include <algorithm>
#include <vector>

namespace terse::relsim {

void EmbeddingScorer::score(std::int32_t head, std::span<const std::int32_t> tails, std::span<double> scores) const {
  const auto relations = static_cast<std::size_t>(model_.relations);
  std::vector<float> row(relations);
  for (std::size_t i = 0; i < tails.size(); ++i) {
    score_relations(model_.shape, model_.entity_row(head), model_.relation.data(), model_.shape.relation_width(),
                    model_.entity_row(tails[i]), relations, row.data());
    std::copy(row.begin(), row.end(), scores.begin() + static_cast<std::ptrdiff_t>(i * relations));
  }
}

}  // namespace terse::relsim
