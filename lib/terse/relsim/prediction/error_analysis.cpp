#include "terse/relsim/prediction/error_analysis.hpp"

#include <algorithm>
#include <numeric>

#include "terse/relsim/ranking/pair_ranking.hpp"

namespace terse::relsim {

SimilarityRanks::SimilarityRanks(const formats::Similarity& similarity)
    : relations_(similarity.relations.size()), ranks_(relations_ * relations_) {
  const auto& kl = similarity.divergence;
  std::vector<double> distance(relations_);
  std::vector<std::size_t> order(relations_);
  for (std::size_t r = 0; r < relations_; ++r) {
    for (std::size_t s = 0; s < relations_; ++s) {
      distance[s] = combine_directions(kl[r * relations_ + s], kl[s * relations_ + r], similarity.combine);
    }
    std::iota(order.begin(), order.end(), std::size_t{0});
    order.erase(order.begin() + static_cast<std::ptrdiff_t>(r));
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return distance[a] < distance[b]; });
    for (std::size_t i = 0; i < order.size(); ++i) ranks_[r * relations_ + order[i]] = static_cast<std::int32_t>(i + 1);
    order.resize(relations_);
  }
}

MistakeSummary summarize_mistakes(const SimilarityRanks& ranks, std::span<const Mistake> mistakes) {
  MistakeSummary summary;
  const auto others = ranks.relations() > 0 ? ranks.relations() - 1 : 0;
  summary.histogram.resize(others);
  for (const auto& mistake : mistakes) {
    const auto rank = ranks.rank(static_cast<std::size_t>(mistake.right), static_cast<std::size_t>(mistake.given));
    ++summary.mistakes;
    ++summary.histogram[static_cast<std::size_t>(rank - 1)];
    summary.mean_rank += rank;
  }
  const auto share = [&](std::size_t top) {
    const auto end = summary.histogram.begin() + static_cast<std::ptrdiff_t>(std::min(top, others));
    return static_cast<double>(std::accumulate(summary.histogram.begin(), end, std::int64_t{0})) /
           static_cast<double>(summary.mistakes);
  };
  const auto chance = [&](std::size_t top) {
    return static_cast<double>(std::min(top, others)) / static_cast<double>(others);
  };
  if (summary.mistakes > 0) {
    summary.top1 = share(1);
    summary.top5 = share(5);
    summary.top10 = share(10);
    summary.mean_rank /= static_cast<double>(summary.mistakes);
  }
  if (others > 0) {
    summary.chance_top1 = chance(1);
    summary.chance_top5 = chance(5);
    summary.chance_top10 = chance(10);
    summary.chance_mean_rank = (1 + static_cast<double>(others)) / 2;
  }
  return summary;
}

}  // namespace terse::relsim
