#pragma once

#include <cstdint>

namespace terse::act {

/// Routes every CPU tensor through an allocator that gives memory back: blocks of 1 MiB and more are mapped on
/// 2 MiB boundaries with MADV_HUGEPAGE, freed blocks are kept up to `cache_bytes` and reused within 1/8 of their
/// size; smaller ones come from malloc. Call once, before the first tensor.
void install_allocator(std::uint64_t cache_bytes = 64u << 20);

/// Exact bytes of live CPU tensors now and at their peak since the last reset; 0 without install_allocator().
struct AllocatorFigures {
  std::uint64_t live_bytes = 0;
  std::uint64_t peak_bytes = 0;
  std::uint64_t cached_bytes = 0;
};
AllocatorFigures allocator_figures();
void reset_allocator_peak();

}  // namespace terse::act
