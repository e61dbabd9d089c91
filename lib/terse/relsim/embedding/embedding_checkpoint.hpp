#pragma once

#include <string>

#include "terse/formats/kinds/checkpoint.hpp"
#include "terse/relsim/embedding/embedding_trainer.hpp"
#include "terse/relsim/training/training_digest.hpp"

namespace terse::relsim {

/// Where a run stands, as a checkpoint artifact. @param digest  training_digest of its data
formats::Checkpoint store_state(const EmbeddingState& state, const EmbeddingTrainingOptions& options,
                                const std::string& digest);

/// The state that a checkpoint holds, for a run with these options. More epochs and another patience are the same run.
/// @param seed  that of the checkpoint's header
/// @param name  of the artifact, for messages
/// @throws Error::Usage naming what differs where it is another run's, Error::BadInput where the tensors do not fit
EmbeddingState load_state(const formats::Checkpoint& checkpoint, std::uint64_t seed, EmbeddingState fresh,
                          const EmbeddingTrainingOptions& options, const std::string& digest, const std::string& name);

}  // namespace terse::relsim
