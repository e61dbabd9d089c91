#pragma once

#include <string>

#include "terse/core/bytes.hpp"
#include "terse/core/descriptor.hpp"

namespace terse::core {

/// An output file that appears whole or not at all: written to a temporary in the same folder, fsynced, renamed
/// over `path` by finish(), the folder fsynced. Without finish() (an exception), and on SIGINT, SIGTERM and
/// SIGHUP once remove_temporaries_on_signal() was called, the temporary goes and an old file stays.
/// Two at a time for the same file are refused: the later would silently replace the earlier.
/// A symbolic link is followed: its target is replaced, the link stays. An old file's permissions stay.
class AtomicFile : public ByteSink {
 public:
  /// @throws Error::OutputFailed, Error::Usage where another AtomicFile of this process is about to replace the file
  explicit AtomicFile(const std::string& path);
  ~AtomicFile() override;
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  void write(std::span<const std::byte> bytes) override;
  void flush() override;
  void finish() override;
  bool is_replaced() const override { return true; }

 private:
  /// The name, taken for as long as the claim lives.
  class Claim {
   public:
    Claim(std::string target, const std::string& path);
    ~Claim();
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;
    const std::string& target() const { return target_; }

   private:
    std::string target_;
  };

  Claim claim_;            // of the path with symbolic links followed
  std::string temporary_;  // empty once renamed
  int slot_ = -1;          // where the signal handler finds the temporary's name
  DescriptorWriter writer_;
};

/// Removes the temporaries that writers of `path` left which were killed (SIGKILL, a power cut). For a caller that
/// knows that no writer of it is at work, by a lock on its folder. What cannot be removed stays.
void remove_abandoned_temporaries(const std::string& path);

}  // namespace terse::core
