#pragma once

#include <vector>

namespace terse::relsim {

/// Divergences between all pairs of relations, in nats; row-major [R, R].
struct Divergences {
  std::vector<double> same;     ///< KL(P(h,t|a) ‖ P(h,t|b))
  std::vector<double> swapped;  ///< KL(P(h,t|a) ‖ P(h,t|b^-1)): heads and tails of b swapped
  bool double_precision = false;
};

}  // namespace terse::relsim
