#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace terse::relsim {

/// How strongly two rows of numbers go together, each in [-1, 1]; NaN where either does not vary.
struct Correlations {
  double pearson = 0;
  double spearman = 0;  ///< Pearson's of ranks, ties sharing their mean rank
  double kendall = 0;   ///< τ-b
};

/// @param x, y  of one length; NaN for fewer than 2 values
Correlations correlate(std::span<const double> x, std::span<const double> y);

/// Ranks from 1, ties sharing their mean.
std::vector<double> ranks(std::span<const double> values);

struct Interval {
  double low = 0, high = 0;
};

/// 95 % percentile bootstrap intervals of the three correlations: pairs (x, y) are drawn again with replacement.
/// Depends on the values and `seed` only.
struct CorrelationIntervals {
  Interval pearson, spearman, kendall;
};
CorrelationIntervals bootstrap(std::span<const double> x, std::span<const double> y, std::int64_t draws,
                               std::uint64_t seed);

}  // namespace terse::relsim
