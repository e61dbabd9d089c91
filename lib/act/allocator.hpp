#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace terse::act {

/// Routes every CPU tensor through an allocator that gives memory back: blocks of 1 MiB and more are mapped on
/// 2 MiB boundaries with MADV_HUGEPAGE, freed blocks are kept up to `cache_bytes` and reused within 1/8 of their
/// size; smaller ones come from malloc. Call before the first tensor; tensors that lived earlier stay with the heap
/// they came from. A second call only sets cache_bytes.
void install_allocator(std::uint64_t cache_bytes = 64u << 20);

/// Exact bytes of live CPU tensors now and at their peak since the last reset; 0 without install_allocator().
struct AllocatorFigures {
  std::uint64_t live_bytes = 0;
  std::uint64_t peak_bytes = 0;
  std::uint64_t cached_bytes = 0;  ///< freed but kept for reuse
};
AllocatorFigures allocator_figures();
void reset_allocator_peak();

/// One allocation or release of CPU tensor memory, in order.
struct Allocation {
  std::uint64_t block = 0;  ///< names the block from its allocation to its release, from 1
  std::int64_t bytes = 0;   ///< > 0 allocated, < 0 released
  std::string operator_name = {};  ///< operator of this thread that was running inside a Step: "aten::relu", or ""
};

/// Records every allocation of the process from now on, and releases of blocks allocated since.
/// @throws Error::Usage without install_allocator()
void start_allocation_log();
/// Ends the recording and hands it over, in order.
std::vector<Allocation> stop_allocation_log();
/// While recording: the number of allocations and releases so far, and the block that `data` points to the start of
/// (0 where it was allocated before). They link a log to moments and tensors of a step.
std::uint64_t allocation_log_length();
std::uint64_t allocation_block(const void* data);

}  // namespace terse::act
