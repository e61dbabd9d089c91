#include "terse/relsim/evidence/divergence_limit.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "terse/core/parallel.hpp"
#include "terse/relsim/ranking/pair_ranking.hpp"
#include "terse/relsim/ranking/upper_bound.hpp"

namespace terse::relsim {
namespace {

constexpr double kFarthest = -6;  // log odds of pairs that are no closer than any other

/// Both directions in one.
std::vector<double> combined(const formats::Similarity& similarity, const std::vector<double>& divergence) {
  const auto relations = similarity.relations.size();
  std::vector<double> values(divergence.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto a = i / relations, b = i % relations;
    if (!(divergence[i] >= 0))
      refuse_divergence(similarity, static_cast<std::int32_t>(a), static_cast<std::int32_t>(b));
    values[i] = combine_directions(divergence[i], divergence[b * relations + a], similarity.combine);
  }
  return values;
}

/// How close pairs are that do not say the same.
class Unrelated {
 public:
  void add(double divergence, double weight) { pairs_.emplace_back(divergence, weight); }
  void finish() {
    std::sort(pairs_.begin(), pairs_.end());
    double sum = 0;
    for (auto& [divergence, weight] : pairs_) weight = sum += weight;
  }
  double share_up_to(double divergence) const {
    const auto found = std::upper_bound(pairs_.begin(), pairs_.end(), divergence,
                                        [](double x, const auto& pair) { return x < pair.first; });
    return found == pairs_.begin() ? 0 : std::prev(found)->second / pairs_.back().second;
  }

 private:
  std::vector<std::pair<double, double>> pairs_;  // divergence; weight, then that of all up to here
};

}  // namespace

DivergenceLimit limit_by_divergences(const formats::Similarity& similarity, const std::vector<float> (&same)[2]) {
  const auto n = similarity.relations.size();
  const auto upper = upper_bound(similarity);
  Unrelated unrelated;
  std::vector<double> estimated_values[2], upper_values[2];
  for (const int s : {0, 1}) {
    const auto matrix = [&](const formats::Similarity& from) {
      return combined(from, s ? from.swapped : from.divergence);
    };
    estimated_values[s] = matrix(similarity);
    if (upper) upper_values[s] = matrix(*upper);
    if (estimated_values[s].empty()) continue;
    for (std::size_t a = 0; a < n; ++a) {
      for (std::size_t b = s ? a : a + 1; b < n; ++b) {
        unrelated.add(estimated_values[s][a * n + b], 1 - static_cast<double>(same[s][a * n + b]));
      }
    }
  }
  unrelated.finish();
  const auto limits = [&](const std::vector<double>& values) {
    std::vector<float> limit(values.size());
    core::parallel_for(values.size(), 4096, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        const double share = unrelated.share_up_to(values[i]);
        limit[i] = share > 0 ? static_cast<float>(std::max(std::log1p(-share) - std::log(share), kFarthest))
                             : std::numeric_limits<float>::infinity();
      }
    });
    return limit;
  };
  DivergenceLimit result;
  for (const int s : {0, 1}) {
    result.upper[s] = limits(upper ? upper_values[s] : estimated_values[s]);
    if (upper) result.estimate[s] = limits(estimated_values[s]);
  }
  return result;
}

}  // namespace terse::relsim
