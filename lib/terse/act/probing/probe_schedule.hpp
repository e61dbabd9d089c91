#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "terse/act/bits/precision.hpp"

namespace terse::act {

/// Tensors to be probed in one step, and what that costs beside the step itself.
struct ProbeGroup {
  std::set<std::string> ids;
  double cost = 0;  ///< in training steps
};

/// The tensors that a step should probe: those whose last probe is longest ago (never: 0), as many as `most` training
/// steps allow, and second forms that take `share` of the bytes that all tensors are stored in (they live until the
/// backward pass comes to them); at least one where any costs no more than `most`.
ProbeGroup next_probes(const PrecisionTable& table, double most, double share);

/// Cost of a probe that evaluated `reach` of the graph's nodes once more, in training steps. A backward pass is two
/// thirds of a step; a node that holds activations is worth more than the average one.
double probe_cost(double reach, std::size_t tensors);

}  // namespace terse::act
