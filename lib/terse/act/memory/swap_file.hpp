#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace terse::act {

/// A file without a name in a directory. Reads and writes by offset, from any thread.
class SwapFile {
 public:
  /// @throws Error::OutputFailed naming the directory
  explicit SwapFile(const std::string& directory);
  ~SwapFile();
  SwapFile(const SwapFile&) = delete;
  SwapFile& operator=(const SwapFile&) = delete;

  /// @throws Error::OutputFailed naming the directory, where not all could be written or read
  void write(std::span<const std::byte> bytes, std::uint64_t offset) const;
  void read(std::span<std::byte> bytes, std::uint64_t offset) const;

 private:
  std::string directory_;
  int descriptor_;
};

}  // namespace terse::act
