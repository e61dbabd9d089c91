#include "terse/relsim/embedding/alias_table.hpp"

#include <algorithm>
#include <numeric>

namespace terse::relsim {

AliasTable::AliasTable(std::span<const double> weights) : threshold_(weights.size()), alias_(weights.size()) {
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  if (!(total > 0)) return;
  const auto n = static_cast<double>(weights.size());
  std::vector<double> height(weights.size());
  std::vector<std::int32_t> low, high;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    height[i] = weights[i] * n / total;
    (height[i] < 1 ? low : high).push_back(static_cast<std::int32_t>(i));
  }
  const auto at = [](std::int32_t i) { return static_cast<std::size_t>(i); };
  const auto set = [&](std::int32_t i, double share, std::int32_t other) {
    threshold_[at(i)] = static_cast<std::uint64_t>(std::clamp(share, 0.0, 1.0) * 0x1p32);
    alias_[at(i)] = other;
  };
  while (!low.empty() && !high.empty()) {
    const auto small = low.back(), large = high.back();
    low.pop_back();
    set(small, height[at(small)], large);
    height[at(large)] -= 1 - height[at(small)];
    if (height[at(large)] < 1) {
      high.pop_back();
      low.push_back(large);
    }
  }
  // What is left has a height of 1 but for rounding. A weight of zero is never left alone with others that are not.
  for (const auto i : high) set(i, 1, i);
  for (const auto i : low) set(i, 1, i);
}

}  // namespace terse::relsim
