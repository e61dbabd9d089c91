#include "terse/train/loop/planner.hpp"

#include "terse/act/bits/precision.hpp"
#include "terse/act/budget/profiler.hpp"
#include "terse/core/error.hpp"

namespace terse::train {

namespace {

formats::Policy policy_for(const formats::Profile& profile) {
  if (profile.sensitivity_method == act::to_string(act::SensitivityMethod::None)) {
    throw Error(Error::Usage, "the profile has no sensitivities: make it with --sensitivity fast or exact");
  }
  formats::Policy policy;
  policy.model = profile.model;
  policy.data = profile.data;
  policy.batch = profile.batch;
  return policy;
}

}  // namespace

PlannedPolicy plan_policy(const formats::Profile& profile, act::Level level) {
  const int bits = act::average_bits(level);
  if (bits == 0) throw Error(Error::Usage, "level " + std::string(act::to_string(level)) + " has no bits to choose");
  PlannedPolicy planned{policy_for(profile)};
  planned.policy.level = act::to_string(level);
  act::PrecisionTable table(act::policy_tensors(profile));
  const auto allocation = table.allocate(bits, act::codes_entropy(level));
  planned.bytes = allocation.bytes;
  planned.variance = allocation.variance;
  planned.lower_bound = allocation.lower_bound;
  planned.least = allocation.optimal;
  planned.policy.tensors = table.tensors();
  return planned;
}

}  // namespace terse::train
