#pragma once

#include <string>
#include <vector>

#include "terse/core/bytes.hpp"
#include "terse/core/descriptor.hpp"

namespace terse::core {

/// An output file that appears whole or not at all. Its content has no name while it is written, so that no death of
/// the process leaves anything; finish() synchronises it and gives it the name `path`. Where a file of that name
/// exists, which only rename() can replace, it has a temporary name for a moment, and where the file system has no
/// unnamed files (Linux' O_TMPFILE) from the beginning. Temporary names go without finish() (an exception) and by the
/// signals that end a process, once remove_temporaries_on_signal() was called. One that a killed process left is locked
/// by nobody and goes when the next AtomicFile of that path is made. An old file stays until the new one is whole. Two
/// at a time for the same file are refused: the later would silently replace the earlier. A symbolic link is followed:
/// its target is replaced, the link stays. An old file's permissions stay.
class AtomicFile : public ByteSink {
 public:
  /// @throws Error::OutputFailed, Error::Usage where another AtomicFile of this process is about to replace the file
  explicit AtomicFile(const std::string& path);
  ~AtomicFile() override;
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  void write(std::span<const std::byte> bytes) override;
  void flush() override;
  /// @throws Error::OutputFailed where the file did not take its name. What fails afterwards leaves the output in place
  ///         and is told by take_output_warnings()
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

  int create();
  int create_named();
  void name_temporary();
  void forget_name();
  bool link_to(const std::string& name);
  void take_target_name();

  Claim claim_;            // of the path with symbolic links followed
  std::string temporary_;  // its name while it has one
  int slot_ = -1;          // where the signal handler finds the temporary's name
  DescriptorWriter writer_;
};

/// The file that an output named `path` is: absolute, symbolic links followed, whether or not it exists.
/// @throws Error::OutputFailed where there is no such folder
std::string output_target(const std::string& path);

/// What could not be done after outputs had taken their names: one sentence each since the last call. The files are
/// complete, but a power cut may undo them.
std::vector<std::string> take_output_warnings();

}  // namespace terse::core
