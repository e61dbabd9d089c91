#pragma once

#include <cstdint>

#include "terse/relsim/divergence/exact_divergence.hpp"

namespace terse::relsim {

struct SampleOptions {
  Precision precision = Precision::Auto;
  bool swapped = true;
  std::int64_t draws = 20;  ///< facts a relation; at least 2, which an interval needs
  std::uint64_t seed = 0;
  HeadProgress on_progress;
};

/// The paper's estimator, kept as a control: facts (h,t) drawn from P(h,t|a) one by one, KL(a‖q) the mean of
/// log P(h,t|a) - log P(h,t|q) over them. Intervals are Student's, at 95 %; an estimate below zero is kept at zero.
/// The same bytes for any number of threads.
/// Source: ACL 2019, arXiv 1907.08937, section 3.2.
Divergences sampled_divergences(const FactModel& model, const SampleOptions& options = {});

}  // namespace terse::relsim
