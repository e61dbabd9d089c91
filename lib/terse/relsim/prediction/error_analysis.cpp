#include "terse/relsim/prediction/error_analysis.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <string_view>

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

ErrorAnalysis::ErrorAnalysis(const formats::Similarity& similarity, const std::vector<std::string>& relations)
    : ranks_(similarity) {
  std::map<std::string_view, std::int32_t> ids;
  for (std::size_t i = 0; i < similarity.relations.size(); ++i) {
    ids[similarity.relations[i]] = static_cast<std::int32_t>(i);
  }
  for (const auto& name : relations) {
    const auto found = ids.find(name);
    known_.push_back(found == ids.end() ? std::nullopt : std::optional(found->second));
  }
}

bool ErrorAnalysis::knows_any() const {
  return std::ranges::any_of(known_, [](const auto& id) { return id.has_value(); });
}

ErrorSummary ErrorAnalysis::summarize(std::span<const RelationRank> ranks, std::span<const Triple> facts) const {
  ErrorSummary summary;
  std::vector<Mistake> answers, above;
  for (std::size_t i = 0; i < facts.size(); ++i) {
    const auto right = known_[static_cast<std::size_t>(facts[i].relation)];
    const auto add = [&](std::int32_t given, std::vector<Mistake>& into) {
      const auto wrong = known_[static_cast<std::size_t>(given)];
      if (right && wrong) {
        into.push_back({*right, *wrong});
      } else {
        ++summary.left_out;
      }
    };
    if (ranks[i].answer != facts[i].relation) add(ranks[i].answer, answers);
    for (const auto relation : ranks[i].above) add(relation, above);
  }
  summary.answers = summarize_mistakes(ranks_, answers);
  summary.above = summarize_mistakes(ranks_, above);
  return summary;
}

}  // namespace terse::relsim
