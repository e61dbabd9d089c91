#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace terse::act {

/// Memory of large tensors: maps blocks, from 2 MiB on on 2 MiB boundaries with MADV_HUGEPAGE, and keeps freed ones for
/// reuse, as many as its owner says: a step allocates the same sizes again and again, and a page that is kept need not
/// be zeroed once more. Not thread-safe: the allocator holds its lock around every call.
class BlockCache {
 public:
  /// A mapping of at least `bytes`, reused where a cached one is at most 1/8 larger.
  /// @param mapped  set to the mapping's size, to be handed back to release()
  /// @param room    bytes that may stay resident beside the pages that `bytes` need: a larger block is cut and the
  ///                longest kept ones go until they fit
  /// @return        the start, a multiple of the page size and, from 2 MiB on, of 2 MiB; nullptr where the kernel
  ///                refuses
  void* take(std::size_t bytes, std::size_t& mapped, std::size_t room = SIZE_MAX);
  /// Keeps the mapping, and unmaps the longest kept ones beyond `limit` bytes in all; itself where it is larger.
  void release(void* start, std::size_t mapped, std::size_t limit);
  /// Unmaps the longest kept ones beyond so many bytes.
  void keep_at_most(std::size_t bytes);
  std::size_t cached_bytes() const { return cached_bytes_; }

 private:
  struct Block {
    void* start;
    std::size_t mapped;
  };

  std::size_t cached_bytes_ = 0;
  std::vector<Block> blocks_;  // oldest first
};

}  // namespace terse::act
