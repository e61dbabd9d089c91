#pragma once

#include <memory>
#include <string>

#include "terse/core/bytes.hpp"

namespace terse::core {

/// A file without a name, to be written and then read: no death of the process leaves it.
class ScratchFile {
 public:
  /// @param neighbour  a path in the folder that it lies in
  /// @throws Error::OutputFailed
  explicit ScratchFile(const std::string& neighbour);
  ~ScratchFile();
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  /// Appends to the file.
  std::unique_ptr<ByteSink> sink() const;
  /// From the beginning, seekable.
  std::unique_ptr<ByteSource> source() const;

 private:
  std::string path() const;

  int descriptor_;
};

}  // namespace terse::core
