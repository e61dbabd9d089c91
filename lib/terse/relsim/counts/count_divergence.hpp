#pragma once

#include "terse/relsim/counts/count_model.hpp"
#include "terse/relsim/ranking/divergences.hpp"

namespace terse::relsim {

/// Kullback–Leibler divergences between all relations of a counting model, exact over all heads and tails: outside the
/// facts of two relations their smoothed distributions are proportional, so only facts need to be visited.
/// Work: O(R · facts) in all; the same bytes for any number of threads.
Divergences count_divergences(const CountModel& model);

}  // namespace terse::relsim
