#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace terse::act {

/// Routes every CPU tensor through an allocator that gives memory back: blocks of 1 MiB and more are mapped, from 2 MiB
/// on on 2 MiB boundaries with MADV_HUGEPAGE, freed blocks are kept up to `cache_bytes` and reused within 1/8 of their
/// size; smaller ones come from malloc. Call before the first tensor; tensors that lived earlier stay with the heap
/// they came from. A second call only sets cache_bytes.
void install_allocator(std::uint64_t cache_bytes = 64u << 20);

/// A step of training begins, and another like it will follow. What it frees is kept for that one as far as it and what
/// lives take no more together than the step before this one held at its peak, and 16 MiB of it in any case, so that
/// memory is given back without paying for its pages again in every step, and the peak is the tensors' own.
void expect_step();
/// No step follows: what was kept for it beyond the cache's bytes is given back.
void expect_no_step();

/// Makes resident memory follow live tensors closely from now on: blocks of 128 KiB and more are mapped, and freed ones
/// are kept for reuse only as far as they and what lives take no more than `ceiling` bytes together.
void bound_allocator(std::uint64_t ceiling);

/// Bytes that a tensor of `bytes` takes under bound_allocator(): whole pages where it is mapped.
std::uint64_t held_bytes(std::uint64_t bytes);

/// Exact bytes of live CPU tensors now and at their peak since the last reset; 0 without install_allocator().
struct AllocatorFigures {
  std::uint64_t live_bytes = 0;
  std::uint64_t peak_bytes = 0;
  std::uint64_t cached_bytes = 0;  ///< freed but kept for reuse
  std::uint64_t held_bytes = 0;    ///< what live tensors take: whole pages where they are mapped
};
AllocatorFigures allocator_figures();
void reset_allocator_peak();

/// One allocation or release of CPU tensor memory, in order.
struct Allocation {
  std::uint64_t block = 0;         ///< names the block from its allocation to its release, from 1
  std::int64_t bytes = 0;          ///< > 0 allocated, < 0 released
  std::string operator_name = {};  ///< operator of this thread that was running inside a Step: "aten::relu", or ""
  std::uint64_t restores = 0;      ///< block of the stored tensor that is being restored into this one; 0: none
  std::uint64_t stores = 0;        ///< one more than the number of the saved tensor encoded into this; 0: none
  /// At the release of a mapped block: resident bytes of the process beside what tensors hold or the cache keeps.
  std::optional<std::int64_t> unmanaged = {};
};

/// While recording: tells the log what the block that starts at `memory` was allocated for: to restore the stored
/// tensor whose memory starts at `stored`; or to encode the saved tensor that log_saved() named last.
void log_restored(const void* memory, const void* stored);
void log_stored(const void* memory);

/// While recording: tells the log that saved tensor `number`, whose memory starts at `memory`, is saved for backward
/// now: for the first time, or again where its block runs once more.
void log_saved(std::size_t number, const void* memory);
/// After a recording: for each tensor that was saved meanwhile, by number, the block that it lay in last, or 0.
std::vector<std::uint64_t> blocks_of_saved();

/// Records every allocation of the process from now on, and releases of blocks allocated since.
/// @throws Error::Usage without install_allocator()
void start_allocation_log();
/// Ends the recording and hands it over, in order.
std::vector<Allocation> stop_allocation_log();
/// While recording: the number of allocations and releases so far, and the block that `data` points to the start of
/// (0 where it was allocated before). They link a log to moments and tensors of a step.
std::uint64_t allocation_log_length();
std::uint64_t allocation_block(const void* data);

/// While it lives, the allocation of a block of 128 KiB and more is refused where it would take the process's resident
/// size beyond `bytes`: with what the process has held beside tensors so far, which may grow in between.
/// Needs bound_allocator(). One at a time.
class ResidentLimit {
 public:
  explicit ResidentLimit(std::uint64_t bytes);
  ~ResidentLimit();
  ResidentLimit(const ResidentLimit&) = delete;
  ResidentLimit& operator=(const ResidentLimit&) = delete;
};

}  // namespace terse::act
