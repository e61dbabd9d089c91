#pragma once

#include <cstdint>

#include "terse/relsim/divergence/exact_divergence.hpp"

namespace terse::relsim {

struct AdaptiveOptions {
  Precision precision = Precision::Auto;
  bool swapped = true;
  /// Visit so many heads a relation, in one round, in place of the two limits below; 0: as these say.
  double heads = 0;
  /// A relation is done when the half widths of its pairs' intervals are, on average, this share of the divergence.
  double tolerance = 0.05;
  double seconds = 0;  ///< stop in time for this, from the call on; 0: no limit. Then the result depends on the machine
  std::uint64_t seed = 0;
  HeadProgress on_progress;
};

struct AdaptiveDivergences : Divergences {
  std::int64_t rounds = 0;
  std::int64_t open_relations = 0;  ///< which did not meet the tolerance in time
  std::int64_t sketched_heads = 0;  ///< visited with some of the tails alone, beside `heads`
};

/// Divergences with exact tails at some of the heads (tail_divergence.hpp), in rounds. Heads that carry much of a
/// relation's mass are visited for certain and counted exactly, the others drawn (head_design.hpp) and weighed as a
/// ratio estimator does: the mass not visited is known, only the mean over it is estimated. After a round each relation
/// that is not done asks for as many heads as its intervals tell; heads visited before count exactly from then on.
///
/// Large models are surveyed at two levels, where `heads` is 0: many heads with a weighted part of the tails
/// (entity_sample.hpp), which tells how divergences differ over heads, and few with all tails, which tell what the part
/// gets wrong; what they say adds up, and each relation asks each level for what reaches the tolerance at least cost.
/// Where it asks for so much that all tails at all its heads would cost less, these are visited instead.
///
/// Intervals: 95 %. All masses are known, so that only how divergences spread over heads is estimated, from residuals
/// enlarged for their leverage (HC3, the jackknife's); Student's t at Satterthwaite's degrees of freedom, Welch's for
/// two levels. Where no two heads outside the certain ones were drawn, the rest is uncertain by as much as it weighs.
/// The same bytes for any number of threads, unless `seconds` stops it. Source: Hájek's estimator under Poisson
/// sampling (Särndal, Swensson & Wretman 1992, ch. 5); HC3: MacKinnon & White 1985; two levels: Heinrich 2001
/// (multilevel Monte Carlo).
AdaptiveDivergences adaptive_divergences(const FactModel& model, const AdaptiveOptions& options = {});

}  // namespace terse::relsim
