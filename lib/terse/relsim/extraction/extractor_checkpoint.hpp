#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "terse/formats/kinds/checkpoint.hpp"
#include "terse/relsim/extraction/extractor_trainer.hpp"

namespace terse::relsim {

/// A hash of what an extractor learns from: sentences, in this order, and divergences.
std::string sentences_digest(std::span<const Sentence> train, std::span<const Sentence> held_out,
                             std::span<const double> divergences);

/// Where an extractor's run stands, as a checkpoint artifact. @param digest  sentences_digest of its data
formats::Checkpoint store_state(const ExtractorState& state, const ExtractorShape& shape,
                                const ExtractorTrainingOptions& options, const std::string& digest);

/// The state that a checkpoint holds.
/// @param seed   that of the checkpoint's header
/// @param fresh  of the run before its first epoch
/// @param name   of the artifact, for messages
/// @throws Error::Usage naming what differs where it is another run's, Error::BadInput where the tensors do not fit
ExtractorState load_state(const formats::Checkpoint& checkpoint, std::uint64_t seed, const ExtractorState& fresh,
                          const ExtractorShape& shape, const ExtractorTrainingOptions& options,
                          const std::string& digest, const std::string& name);

}  // namespace terse::relsim
