#pragma once

#include <cstdint>
#include <vector>

namespace terse::relsim {

/// Divergences between all pairs of relations, in nats; row-major [R, R].
struct Divergences {
  std::vector<double> same;     ///< KL(P(h,t|a) ‖ P(h,t|b))
  std::vector<double> swapped;  ///< KL(P(h,t|a) ‖ P(h,t|b^-1)): heads and tails of b swapped; empty where not asked for
  std::vector<double> same_error, swapped_error;  ///< half widths of 95 % intervals; empty where exact
  bool double_precision = false;
  std::int64_t heads = 0;  ///< distinct heads visited
};

}  // namespace terse::relsim
