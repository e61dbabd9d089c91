#pragma once

#include <span>
#include <string>
#include <vector>

#include "terse/formats/checkpoint.hpp"
#include "terse/relsim/embedding/embedding_trainer.hpp"

namespace terse::relsim {

/// A hash of what a run learns from: a resumed run refuses other data.
std::string training_digest(std::span<const Triple> train, std::span<const Triple> held_out,
                            std::span<const double> divergences);

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
