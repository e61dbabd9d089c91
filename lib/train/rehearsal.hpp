#pragma once

#include <cstdint>
#include <vector>

#include "terse/act/compression.hpp"
#include "terse/act/peak_moments.hpp"

namespace terse::train {

class Trainer;

/// A training step that was run for the sake of its allocations.
struct Rehearsal {
  act::StepTimeline timeline;
  std::vector<act::SavedTensor> saved;  ///< in the form of fewest bytes
  std::vector<std::uint64_t> stored;    ///< [saved] bytes of the block that a tensor with a choice of bits is stored in
  std::vector<std::uint64_t> kept;      ///< [saved] bytes of the block that keeping such a tensor would hold alive, or 0
  std::uint64_t second_tier_bytes = 0;  ///< most that the second tier holds in memory, on top of the timeline; or 0
  std::uint64_t peak_bytes = 0;         ///< most that tensors took at once
  std::uint64_t unmanaged_bytes = 0;    ///< most that the process held beside tensors: code, libraries, small things
};

/// Runs forward and backward with every tensor that can be rounded at 1 bit, so that it takes as little memory as
/// training can, on the largest batch that the data have: once to let LibTorch make what it keeps, with a forward pass
/// of the evaluation, and once for the record. Parameters, buffers, generator and the step counter stay as they are.
/// Needs install_allocator().
/// @param swap  where not null: tensors go there, in kSwappedBits. When it lets go of them depends on the disk: the
///              timeline then has them as memory that nobody's bits change
/// @throws Error::OutOfMemory  where an act::ResidentLimit says so; the trainer is as it was
Rehearsal rehearse(Trainer& trainer, std::shared_ptr<act::SwapStore> swap = nullptr);

/// Bits of tensors in the second tier: next to no variance for a quarter of the bytes.
inline constexpr int kSwappedBits = 8;

}  // namespace terse::train
