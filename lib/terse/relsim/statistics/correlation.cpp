#include "terse/relsim/statistics/correlation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "terse/core/parallel.hpp"
#include "terse/core/philox.hpp"

namespace terse::relsim {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

double pearson(std::span<const double> x, std::span<const double> y) {
  const auto n = static_cast<double>(x.size());
  const double mean_x = std::accumulate(x.begin(), x.end(), 0.0) / n,
               mean_y = std::accumulate(y.begin(), y.end(), 0.0) / n;
  double xx = 0, yy = 0, xy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xx += (x[i] - mean_x) * (x[i] - mean_x);
    yy += (y[i] - mean_y) * (y[i] - mean_y);
    xy += (x[i] - mean_x) * (y[i] - mean_y);
  }
  return xx > 0 && yy > 0 ? std::clamp(xy / std::sqrt(xx * yy), -1.0, 1.0) : kNone;
}

/// τ-b by all pairs. O(n²): ratings are few.
double kendall(std::span<const double> x, std::span<const double> y) {
  double agree = 0, pairs_x = 0, pairs_y = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const int dx = (x[i] > x[j]) - (x[i] < x[j]), dy = (y[i] > y[j]) - (y[i] < y[j]);
      agree += dx * dy;
      pairs_x += dx != 0;
      pairs_y += dy != 0;
    }
  }
  return pairs_x > 0 && pairs_y > 0 ? agree / std::sqrt(pairs_x * pairs_y) : kNone;
}

/// The middle 95 % of values that are numbers.
Interval middle(std::vector<double> values) {
  std::erase_if(values, [](double value) { return std::isnan(value); });
  if (values.empty()) return {kNone, kNone};
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) {
    const double place = share * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const double above = values[std::min(below + 1, values.size() - 1)];
    return values[below] + (place - static_cast<double>(below)) * (above - values[below]);
  };
  return {at(0.025), at(0.975)};
}

}  // namespace

std::vector<double> ranks(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return values[a] < values[b]; });
  std::vector<double> result(values.size());
  for (std::size_t begin = 0; begin < order.size();) {
    auto end = begin + 1;
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    for (auto i = begin; i < end; ++i) result[order[i]] = static_cast<double>(begin + 1 + end) / 2;
    begin = end;
  }
  return result;
}

Correlations correlate(std::span<const double> x, std::span<const double> y) {
  if (x.size() < 2) return {kNone, kNone, kNone};
  return {pearson(x, y), pearson(ranks(x), ranks(y)), kendall(x, y)};
}

CorrelationIntervals bootstrap(std::span<const double> x, std::span<const double> y, std::int64_t draws,
                               std::uint64_t seed) {
  std::vector<Correlations> found(static_cast<std::size_t>(draws));
  core::parallel_for(found.size(), 16, [&](std::size_t begin, std::size_t end) {
    std::vector<double> drawn_x(x.size()), drawn_y(y.size());
    for (auto d = begin; d < end; ++d) {
      core::RandomSequence random({seed, core::stream_of("relsim/bootstrap"), static_cast<std::uint32_t>(d)});
      for (std::size_t i = 0; i < x.size(); ++i) {
        const auto from = random.below(x.size());
        drawn_x[i] = x[from];
        drawn_y[i] = y[from];
      }
      found[d] = correlate(drawn_x, drawn_y);
    }
  });
  const auto interval = [&](double Correlations::*which) {
    std::vector<double> values;
    for (const auto& one : found) values.push_back(one.*which);
    return middle(std::move(values));
  };
  return {interval(&Correlations::pearson), interval(&Correlations::spearman), interval(&Correlations::kendall)};
}

}  // namespace terse::relsim
