#pragma once

#include <cstdint>
#include <map>

namespace terse::act {

/// Which stretches of a file are in use: the lowest free one that is long enough is taken first, so that a step that
/// frees what it took leaves the file as long as it was.
class FileSpace {
 public:
  /// Offset of `bytes` bytes of their own; a multiple of kAlignment, for whole pages are written without a read.
  std::uint64_t take(std::uint64_t bytes);
  /// Gives back what take(bytes) gave.
  void give_back(std::uint64_t offset, std::uint64_t bytes);
  /// Length of the file that holds all that was ever taken.
  std::uint64_t end() const { return end_; }

  static constexpr std::uint64_t kAlignment = 4096;

 private:
  std::map<std::uint64_t, std::uint64_t> free_;  // length by offset; no two touch
  std::uint64_t end_ = 0;
};

}  // namespace terse::act
