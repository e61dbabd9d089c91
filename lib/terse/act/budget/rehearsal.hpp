#pragma once

#include <cstdint>
#include <vector>

#include "terse/act/budget/peak_moments.hpp"
#include "terse/act/packing/compression.hpp"
#include "terse/act/packing/workload.hpp"

namespace terse::act {

/// A training step that was run for the sake of its allocations.
struct Rehearsal {
  StepTimeline timeline;
  std::vector<SavedTensor> saved;     ///< in the form of fewest bytes
  std::vector<std::uint64_t> stored;  ///< [saved] bytes of the block that a tensor with a choice of bits is stored in
  std::vector<std::uint64_t> kept;    ///< [saved] bytes of the block that keeping such a tensor would hold alive, or 0
  std::uint64_t second_tier_bytes = 0;  ///< most that the second tier holds in memory, on top of the timeline; or 0
  std::uint64_t peak_bytes = 0;         ///< most that tensors took at once
  std::uint64_t unmanaged_bytes = 0;    ///< most that the process held beside tensors: code, libraries, small things
};

/// Runs forward and backward with every tensor that can be rounded at 1 bit, so that it takes as little memory as
/// training can, on the run's largest batch: once to let LibTorch make what it keeps, with a pass of the evaluation,
/// and once for the record. The run stays as it is. Needs install_allocator().
/// @param swap  where not null: tensors go there, in kSwappedBits. When it lets go of them depends on the disk: the
///              timeline then has them as memory that nobody's bits change
/// @throws Error::OutOfMemory  where a ResidentLimit says so; the run is as it was
Rehearsal rehearse(Workload& run, std::shared_ptr<SwapStore> swap = nullptr);

/// Bits of tensors in the second tier: next to no variance for a quarter of the bytes.
inline constexpr int kSwappedBits = 8;

}  // namespace terse::act
