#include "terse/relsim/extraction/ensemble.hpp"

#include <algorithm>
#include <cmath>

namespace terse::relsim {

std::vector<float> ensemble_logits(std::span<const std::span<const float>> models, std::size_t relations) {
  std::vector<float> mean(models.front().size());
  for (const auto logits : models) {
    for (std::size_t at = 0; at < mean.size(); at += relations) {
      const auto* row = logits.data() + at;
      const float largest = *std::max_element(row, row + relations);
      double total = 0;
      for (std::size_t r = 0; r < relations; ++r) total += std::exp(static_cast<double>(row[r] - largest));
      for (std::size_t r = 0; r < relations; ++r) {
        mean[at + r] += static_cast<float>(std::exp(static_cast<double>(row[r] - largest)) / total /
                                           static_cast<double>(models.size()));
      }
    }
  }
  for (auto& value : mean) value = std::log(value);
  return mean;
}

std::vector<RelationRank> rank_answers(std::span<const float> logits, std::span<const std::int32_t> truths) {
  const std::size_t relations = logits.size() / truths.size();
  std::vector<RelationRank> ranks(truths.size());
  for (std::size_t i = 0; i < truths.size(); ++i) {
    const auto row = logits.subspan(i * relations, relations);
    auto& rank = ranks[i];
    rank.answer = static_cast<std::int32_t>(std::max_element(row.begin(), row.end()) - row.begin());
    for (std::size_t r = 0; r < relations; ++r) {
      if (row[r] > row[static_cast<std::size_t>(truths[i])]) rank.above.push_back(static_cast<std::int32_t>(r));
    }
    rank.raw = rank.filtered = static_cast<double>(rank.above.size()) + 1;
  }
  return ranks;
}

}  // namespace terse::relsim
