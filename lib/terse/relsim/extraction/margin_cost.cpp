#include "terse/relsim/extraction/margin_cost.hpp"

#include <algorithm>
#include <cmath>

namespace terse::relsim {

std::vector<float> margin_costs(std::span<const double> divergences, std::size_t relations, double alpha, double tau) {
  std::vector<float> costs(relations * relations);
  std::vector<double> weights(relations);
  for (std::size_t y = 0; y < relations; ++y) {
    const auto row = divergences.subspan(y * relations, relations);
    double least = INFINITY;
    for (std::size_t z = 0; z < relations; ++z) least = z == y ? least : std::min(least, row[z]);
    double sum = 0;
    for (std::size_t z = 0; z < relations; ++z) {
      // Measured from the nearest relation: the scale drops out, and no τ makes the whole row vanish.
      weights[z] = z == y ? 0 : !(least < INFINITY) ? 1 : std::exp((least - row[z]) / tau);
      sum += weights[z];
    }
    if (sum == 0) continue;
    const double scale = alpha * static_cast<double>(relations - 1) / sum;
    for (std::size_t z = 0; z < relations; ++z) costs[y * relations + z] = static_cast<float>(scale * weights[z]);
  }
  return costs;
}

}  // namespace terse::relsim
