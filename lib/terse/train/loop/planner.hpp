#pragma once

#include <cstdint>

#include "terse/act/packing/compression.hpp"
#include "terse/formats/kinds/policy.hpp"
#include "terse/formats/kinds/profile.hpp"

namespace terse::train {

/// A policy and what it costs.
struct PlannedPolicy {
  formats::Policy policy;
  std::uint64_t bytes = 0;  ///< of the tensors whose bits were chosen
  double variance = 0;      ///< of the gradient, predicted
  double lower_bound = 0;   ///< no choice of as many bytes has less
  bool least = false;       ///< nor less than `variance`: the search was complete
};

/// The bits of least variance in the bytes of an adaptive level.
/// @throws Error::Usage where the level is not adaptive or the profile has no sensitivities
PlannedPolicy plan_policy(const formats::Profile& profile, act::Level level);

}  // namespace terse::train
