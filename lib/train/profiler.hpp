#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "terse/formats/profile.hpp"
#include "terse/train/sensitivity.hpp"
#include "terse/train/trainer.hpp"

namespace terse::train {

struct ProfileOptions {
  std::uint64_t warm_up = 2;       ///< steps before anything is measured
  /// Steps whose median time is the step time. With 0, neither time nor resident sizes are recorded: they differ from
  /// run to run, and without them the same profile comes out each time.
  std::uint64_t timed_steps = 0;
  bool sensitivities = false;      ///< measure them by brute force (exact_sensitivities())
  SensitivityOptions sensitivity;
};

/// Measures one training step of a trainer made at level L0: its saved tensors and what each would become, its
/// allocations in order, its peaks. Needs install_allocator() for all that concerns allocations.
/// @param tick  called before each probe of a tensor with its index and the number of probes, where not empty
formats::Profile profile(Trainer& trainer, const ProfileOptions& options,
                         const std::function<void(std::size_t done, std::size_t total)>& tick = {});

}  // namespace terse::train
