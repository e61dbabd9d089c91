#pragma once

#include <cstdint>
#include <functional>

#include "terse/train/loop/metrics.hpp"
#include "terse/train/loop/trainer.hpp"

namespace terse::train {

/// What a run does besides training. What is empty is not done.
struct RunHooks {
  std::function<void()> save_checkpoint;     ///< called every so many steps, at the end and on an interruption
  std::uint64_t checkpoint_every = 0;        ///< steps; 0: not in between
  std::function<StepFigures()> record_dump;  ///< runs the step dump_step in place of Trainer::step()
  std::uint64_t dump_step = 0;
  std::function<void(const StepFigures&)> each_step;
  std::function<bool()> interrupted;  ///< asked after each step
};

/// Steps until the trainer has finished or is interrupted; saves a checkpoint then too.
/// @return  whether it finished
bool run_training(Trainer& trainer, const RunHooks& hooks, RunSummary& summary);

}  // namespace terse::train
