#pragma once

#include <cstdint>
#include <string>

#include "terse/formats/kinds/checkpoint.hpp"
#include "terse/relsim/facts/fact_trainer.hpp"

namespace terse::relsim {

/// Where a fact model's run stands, as a checkpoint artifact. @param digest  training_digest of its data
formats::Checkpoint store_state(const FactTrainer& trainer, const FactTrainingOptions& options,
                                const std::string& digest);

/// Puts `trainer`, which has not run yet, where a checkpoint's run stood. More epochs and another patience are the same
/// run.
/// @param seed  that of the checkpoint's header
/// @param name  of the artifact, for messages
/// @throws Error::Usage naming what differs where it is another run's, Error::BadInput where the tensors do not fit
void restore_state(const formats::Checkpoint& checkpoint, std::uint64_t seed, const FactTrainingOptions& options,
                   const std::string& digest, const std::string& name, FactTrainer& trainer);

}  // namespace terse::relsim
