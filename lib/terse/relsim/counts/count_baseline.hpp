#pragma once

#include <cstdint>
#include <span>

#include "terse/relsim/kb/knowledge_base.hpp"

namespace terse::relsim {

/// What a fact model has to beat, in nats per held-out triple.
struct CountBaseline {
  double nats = 0;  ///< P(h|r) P(t|r), each (count + smoothing) / (facts + smoothing·E)
  double smoothing =
      0;  ///< the one of {10^-3, 10^-2.75, …, 10} with the fewest nats on `held_out`: the baseline's best case
  double uniform = 0;  ///< 2 log E
};

/// @param held_out  not empty
CountBaseline count_baseline(std::span<const Triple> train, std::span<const Triple> held_out, std::int32_t entities,
                             std::int32_t relations);

}  // namespace terse::relsim
