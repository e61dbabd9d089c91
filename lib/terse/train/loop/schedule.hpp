#pragma once

#include <cstdint>
#include <string>

#include "terse/train/base/spec.hpp"

namespace terse::train {

/// The learning rate of each step: a linear warm-up, then constant, a cosine down to 0 at the last step
/// ("cosine"), or a factor every so many steps ("step:every=N,gamma=G"; default: a tenth at each third).
class Schedule {
 public:
  /// @param total   steps of the whole run, ≥ 1
  /// @param warmup  steps over which the rate rises linearly to its full value
  /// @throws Error::Usage for an unknown schedule or key
  Schedule(const Spec& spec, double learning_rate, std::uint64_t total, std::uint64_t warmup);

  /// @param step  number of steps done before, from 0
  double rate(std::uint64_t step) const;
  /// With every key, defaults included.
  const Spec& spec() const { return spec_; }
  /// Whether the rates depend on the length of the run.
  bool needs_total() const { return spec_.name == "cosine"; }

 private:
  Spec spec_;
  double learning_rate_;
  std::uint64_t total_, warmup_, every_ = 1;
  double gamma_ = 1;
};

}  // namespace terse::train
