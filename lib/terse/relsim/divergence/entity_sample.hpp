#pragma once

#include <cstdint>

#include "terse/relsim/divergence/tail_divergence.hpp"

namespace terse::relsim {

/// About `count` of the model's entities, each weighed by how unlikely it was to be drawn, so that sums over it are
/// right on average: partition functions at a fraction of the price. Entities are drawn in proportion to the root mean
/// square of their P(t|h,q) over some facts' heads and all queries, which is what makes a partition function's variance
/// least; those with much of it are certain.
/// @param mass  [R, E] float64 P(h|a)
/// The same for any number of threads.
EntityTable sample_entities(const FactModel& model, const TailDivergence& tails, const at::Tensor& mass,
                            std::int64_t count, std::uint64_t seed);

}  // namespace terse::relsim
