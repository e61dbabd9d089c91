#include "terse/act/memory/file_space.hpp"

#include <iterator>

namespace terse::act {

namespace {

std::uint64_t aligned(std::uint64_t bytes) {
  return (bytes + FileSpace::kAlignment - 1) / FileSpace::kAlignment * FileSpace::kAlignment;
}

}  // namespace

std::uint64_t FileSpace::take(std::uint64_t bytes) {
  const std::uint64_t length = aligned(bytes);
  for (auto stretch = free_.begin(); stretch != free_.end(); ++stretch) {
    const auto [offset, available] = *stretch;
    if (available < length) continue;
    free_.erase(stretch);
    if (available > length) free_.emplace(offset + length, available - length);
    return offset;
  }
  const std::uint64_t offset = end_;
  end_ += length;
  return offset;
}

void FileSpace::give_back(std::uint64_t offset, std::uint64_t bytes) {
  auto stretch = free_.emplace(offset, aligned(bytes)).first;
  if (const auto next = std::next(stretch); next != free_.end() && stretch->first + stretch->second == next->first) {
    stretch->second += next->second;
    free_.erase(next);
  }
  if (stretch != free_.begin()) {
    const auto previous = std::prev(stretch);
    if (previous->first + previous->second == stretch->first) {
      previous->second += stretch->second;
      free_.erase(stretch);
    }
  }
}

}  // namespace terse::act
