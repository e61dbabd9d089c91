#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "terse/relsim/counts/role_counts.hpp"
#include "terse/relsim/facts/fact_step.hpp"

namespace terse::relsim {

/// A fact model mixed with counts (role_counts.hpp), each conditional by itself:
/// P(h|q) = w P_model(h|q) + (1 - w) P_counts(h|q), and P(t|h,q) alike from P_model(t|h,q) and P_counts(t|q).
struct CountMixture {
  double smoothing = 1;           ///< of the counts
  std::vector<float> head, tail;  ///< [2R] each: the model's share w of P(h|q) and of P(t|h,q)
};

/// The mixture that held-out facts ask for, and its nats on them.
struct FittedMixture {
  CountMixture mixture;
  double nats = 0, inverse_nats = 0;  ///< per held-out fact, forward and inverse
};

/// Chooses the shares by the likelihood of held-out facts: one for each query, drawn towards what all facts together
/// ask for by as much as 20 facts; one for all; or none, whichever is best. Each half of the facts is judged with
/// shares that the other half chose, so that nats are not flattered, and never above those of counts alone.
/// @param logs      of each of `held_out`'s observations, both_directions' order: what the model says
/// @param held_out  not empty
FittedMixture mix_with_counts(std::span<const FactLogs> logs, std::span<const Triple> held_out,
                              const RoleCounts& counts, double smoothing);

}  // namespace terse::relsim
