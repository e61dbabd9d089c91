#pragma once

#include <utility>

namespace terse::relsim {

/// Runs a trainer's epochs to the end, each reported to `see`.
template <class Trainer, class See>
void run_epochs(Trainer& trainer, const See& see) {
  while (!trainer.done()) see(trainer.run_epoch());
}

template <class Trainer>
void run_epochs(Trainer& trainer) {
  run_epochs(trainer, [](const auto&) {});
}

}  // namespace terse::relsim
