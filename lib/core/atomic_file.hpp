#pragma once

#include <string>

#include "terse/core/bytes.hpp"

namespace terse::core {

/// An output file that appears whole or not at all: written to a temporary in the same folder, fsynced, renamed
/// over `path` by finish(), the folder fsynced. Without finish() (an exception), and on SIGINT, SIGTERM and
/// SIGHUP once remove_temporaries_on_signal() was called, the temporary goes and an old file stays.
class AtomicFile : public ByteSink {
 public:
  /// @throws Error::OutputFailed
  explicit AtomicFile(const std::string& path);
  ~AtomicFile() override;
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  void write(std::span<const std::byte> bytes) override;
  void finish() override;

 private:
  std::string temporary_;
  int descriptor_ = -1;
  int slot_ = -1;  // where the signal handler finds the temporary's name
};

/// Installs handlers that unlink temporaries, then end the process by the same signal (status 128+n).
void remove_temporaries_on_signal();

}  // namespace terse::core
