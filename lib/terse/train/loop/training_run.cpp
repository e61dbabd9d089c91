#include "terse/train/loop/training_run.hpp"

namespace terse::train {

bool run_training(Trainer& trainer, const RunHooks& hooks, RunSummary& summary) {
  bool saved = false, interrupted = false;
  while (!trainer.finished() && !interrupted) {
    const auto step = trainer.steps_done() + 1;
    const auto figures = hooks.record_dump && step == hooks.dump_step ? hooks.record_dump() : trainer.step();
    summary.add(figures);
    if (hooks.each_step) hooks.each_step(figures);
    saved = hooks.save_checkpoint && hooks.checkpoint_every > 0 && step % hooks.checkpoint_every == 0;
    if (saved) hooks.save_checkpoint();
    interrupted = hooks.interrupted && hooks.interrupted();
  }
  if (hooks.save_checkpoint && !saved) hooks.save_checkpoint();
  return trainer.finished();
}

}  // namespace terse::train
