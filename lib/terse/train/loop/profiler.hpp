#pragma once

#include "terse/act/budget/profiler.hpp"
#include "terse/train/loop/trainer.hpp"

namespace terse::train {

/// The profile of a trainer made at level L0 (act::profile_step()).
formats::Profile profile(Trainer& trainer, const act::ProfileOptions& options,
                         const std::function<void(std::size_t done, std::size_t total)>& tick = {});

}  // namespace terse::train
