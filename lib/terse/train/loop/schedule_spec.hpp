#pragma once

#include <cstdint>

#include "terse/learn/schedule.hpp"
#include "terse/train/base/spec.hpp"

namespace terse::train {

/// A schedule as the command line names it: "constant", "cosine", "linear", "step:every=N,gamma=G".
struct NamedSchedule {
  Spec spec;  ///< with every key, defaults included
  learn::Schedule schedule;
};

/// @param total   steps of the whole run, ≥ 1
/// @param warmup  steps over which the rate rises linearly to `rate`
/// @throws Error::Usage for an unknown schedule or key
NamedSchedule make_schedule(const Spec& spec, double rate, std::uint64_t total, std::uint64_t warmup);

}  // namespace terse::train
