#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "terse/relsim/divergence/tail_divergence.hpp"
#include "terse/relsim/facts/fact_model.hpp"
#include "terse/relsim/ranking/divergences.hpp"

namespace terse::relsim {

/// Called now and then with heads done and heads in all, from one thread at a time; may be empty.
using HeadProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

struct ExactOptions {
  Precision precision = Precision::Auto;
  bool swapped = true;  ///< compare with heads and tails of the second relation swapped, too
  HeadProgress on_progress;
};

/// Kullback–Leibler divergences of the model's joint distributions, exact over all heads and tails
/// (tail_divergence.hpp). Sums over heads are kept in float64. Work: O(E² · R · dim); memory: a few blocks of heads.
/// The same bytes for any number of threads.
Divergences exact_divergences(const FactModel& model, const ExactOptions& options = {});

/// Part of the sum over heads: for each of some lanes, Σ_h P(h|a) D_h(a,q) over the lane's heads.
struct LaneSums {
  std::int64_t relations = 0, queries = 0;
  std::int64_t first_lane = 0, lanes = 0;   ///< first lane of `sums`; lanes in all, which depends on sizes alone
  std::vector<double> heads;                ///< [R, Q] divergences of head distributions
  std::vector<double> sums;                 ///< [lanes here, R, Q]
  Precision precision = Precision::Double;  ///< not Auto
};

/// The lanes of shard `shard` (0 … shards - 1) of exact_divergences. @throws Error::Usage for more shards than lanes
LaneSums exact_lane_sums(const FactModel& model, const ExactOptions& options, std::int64_t shard, std::int64_t shards);

/// All divergences from all lanes, which must be there once each. Bit for bit what exact_divergences gives.
/// @param parts  in order of their lanes
Divergences join_lanes(std::span<const LaneSums> parts);

/// [R, R or 2R] float64 sums, laid out as the two matrices. Rounding may leave a hair below zero, and a relation's
/// divergence from itself is zero by definition: both are put right.
void store_divergences(const at::Tensor& sums, std::vector<double>& same, std::vector<double>& swapped);

}  // namespace terse::relsim
