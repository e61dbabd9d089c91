#include "terse/relsim/ranking/upper_bound.hpp"

#include <algorithm>
#include <cmath>

#include "terse/relsim/statistics/student_t.hpp"

namespace terse::relsim {
namespace {

/// Of the mean over models, per standard deviation of one.
double half_width_of_spread(const formats::Similarity& similarity) {
  const auto* found = similarity.details.find("models");
  const auto models =
      static_cast<double>(found && found->is_integer() ? std::max<std::int64_t>(found->as_integer(), 2) : 2);
  return student_t_95(models - 1) / std::sqrt(models);
}

void widen(std::vector<double>& values, const std::vector<double>& error, const std::vector<double>& spread,
           double per_spread) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    // The spread holds the estimator's error, too.
    values[i] += std::max(error.empty() ? 0 : error[i], spread.empty() ? 0 : per_spread * spread[i]);
  }
}

}  // namespace

bool has_intervals(const formats::Similarity& s) {
  return !s.divergence_error.empty() || !s.swapped_error.empty() || !s.divergence_spread.empty() ||
         !s.swapped_spread.empty();
}

std::optional<formats::Similarity> upper_bound(const formats::Similarity& similarity) {
  const auto& s = similarity;
  if (!has_intervals(s)) return {};
  auto upper = similarity;
  const double per_spread = half_width_of_spread(similarity);
  widen(upper.divergence, s.divergence_error, s.divergence_spread, per_spread);
  widen(upper.swapped, s.swapped_error, s.swapped_spread, per_spread);
  for (auto* width : {&upper.divergence_error, &upper.swapped_error, &upper.divergence_spread, &upper.swapped_spread})
    width->clear();
  return upper;
}

}  // namespace terse::relsim
