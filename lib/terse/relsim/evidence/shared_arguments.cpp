#include "terse/relsim/evidence/shared_arguments.hpp"

#include <algorithm>
#include <cmath>

#include "terse/core/parallel.hpp"

namespace terse::relsim {

SharedArguments::SharedArguments(const CountModel& counts) {
  const auto n = 2 * static_cast<std::size_t>(counts.relations());
  for (std::size_t q = 0; q < n; ++q) {
    const auto& heads = counts.heads(static_cast<std::int32_t>(q));
    double sum = 0;
    for (const double c : heads.count) sum += c * c;
    const double facts = heads.total;
    facts_.push_back(facts);
    square_.push_back(facts > 1 ? (sum - facts) / (facts * (facts - 1)) : 0);
    // Below one pair of equal entities in so many facts, the norm is not known to be above 0.
    norm_.push_back(std::sqrt(std::max(square_.back(), 1 / std::max(facts, 1.0))));
  }
  difference_.assign(n * n, 0);
  core::parallel_for(n, 4, [&](std::size_t begin, std::size_t end) {
    std::vector<double> share(static_cast<std::size_t>(counts.entities()));
    for (std::size_t p = begin; p < end; ++p) {
      const auto& mine = counts.heads(static_cast<std::int32_t>(p));
      for (std::size_t i = 0; i < mine.entity.size(); ++i) {
        share[static_cast<std::size_t>(mine.entity[i])] = mine.count[i] / mine.total;
      }
      for (std::size_t q = 0; q < n; ++q) {
        if (p == q) continue;
        const auto& other = counts.heads(static_cast<std::int32_t>(q));
        double across = 0;
        for (std::size_t i = 0; i < other.entity.size(); ++i) {
          across += share[static_cast<std::size_t>(other.entity[i])] * other.count[i];
        }
        if (other.total > 0) across /= other.total;
        difference_[p * n + q] = static_cast<float>((square_[p] + square_[q] - 2 * across) / (2 * norm_[p] * norm_[q]));
      }
      for (const auto e : mine.entity) share[static_cast<std::size_t>(e)] = 0;
    }
  });
}

double SharedArguments::noise(std::size_t p, std::size_t q) const {
  // The trace of the squared covariance of one draw is about the squared norm.
  const double draws = 1 / std::max(facts_[p], 1.0) + 1 / std::max(facts_[q], 1.0);
  return draws / std::sqrt(2 * norm_[p] * norm_[q]);
}

}  // namespace terse::relsim
