#include "terse/act/memory/block_cache.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

namespace terse::act {

namespace {

constexpr std::size_t kHugePage = 2u << 20;

std::size_t round_up(std::size_t bytes, std::size_t unit) { return (bytes + unit - 1) / unit * unit; }

// Maps more than asked for and cuts both ends off, since mmap aligns to small pages only.
void* map_aligned(std::size_t bytes) {
  if (bytes < kHugePage) {
    void* start = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return start == MAP_FAILED ? nullptr : start;
  }
  const std::size_t room = bytes + kHugePage;
  void* raw = mmap(nullptr, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (raw == MAP_FAILED) return nullptr;
  const auto begin = reinterpret_cast<std::uintptr_t>(raw);
  const std::uintptr_t start = round_up(begin, kHugePage);
  if (start > begin) munmap(raw, start - begin);
  const std::uintptr_t end = start + bytes;
  auto* const aligned = static_cast<std::byte*>(raw) + (start - begin);
  if (begin + room > end) munmap(aligned + bytes, begin + room - end);
  madvise(aligned, bytes, MADV_HUGEPAGE);  // a kernel without huge pages serves small ones
  return aligned;
}

}  // namespace

void* BlockCache::take(std::size_t bytes, std::size_t& mapped, std::size_t room) {
  static const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  if (bytes > SIZE_MAX / 2) return nullptr;
  const std::size_t needed = round_up(bytes, page);
  auto best = blocks_.end();
  for (auto block = blocks_.begin(); block != blocks_.end(); ++block) {
    if (block->mapped < needed || block->mapped > needed + needed / 8) continue;
    if (best == blocks_.end() || block->mapped <= best->mapped) best = block;  // of equals the last freed: warm
  }
  if (best != blocks_.end()) {
    auto* start = static_cast<std::byte*>(best->start);
    mapped = best->mapped;
    cached_bytes_ -= mapped;
    blocks_.erase(best);
    if (mapped - needed > room) {
      munmap(start + needed, mapped - needed);
      mapped = needed;
    }
    keep_at_most(room - (mapped - needed));
    return start;
  }
  keep_at_most(room);
  mapped = needed;
  return map_aligned(needed);
}

void BlockCache::release(void* start, std::size_t mapped, std::size_t limit) {
  if (mapped > limit) {
    munmap(start, mapped);
    return;
  }
  blocks_.push_back({start, mapped});
  cached_bytes_ += mapped;
  keep_at_most(limit);
}

void BlockCache::keep_at_most(std::size_t bytes) {
  auto kept = blocks_.begin();
  for (; cached_bytes_ > bytes; ++kept) {
    munmap(kept->start, kept->mapped);
    cached_bytes_ -= kept->mapped;
  }
  blocks_.erase(blocks_.begin(), kept);
}

}  // namespace terse::act
