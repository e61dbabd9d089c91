#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace terse::core {

/// A buffered writer over a POSIX file descriptor. Short writes and interrupted calls are continued; every error
/// names the output.
class DescriptorWriter {
 public:
  /// @param descriptor  closed by the destructor where `owned`
  /// @param buffered    false hands every write on at once (a terminal)
  DescriptorWriter(int descriptor, std::string name, bool owned, bool buffered = true);
  ~DescriptorWriter();
  DescriptorWriter(const DescriptorWriter&) = delete;
  DescriptorWriter& operator=(const DescriptorWriter&) = delete;

  /// @throws Error::OutputFailed
  void write(std::span<const std::byte> bytes);
  void flush();
  /// Asks the kernel to put everything on the disk. @throws Error::OutputFailed
  void sync();
  /// Flushes and closes an owned descriptor. @throws Error::OutputFailed, which NFS reports only here
  void close();
  int descriptor() const { return descriptor_; }

 private:
  void write_now(std::span<const std::byte> bytes);

  int descriptor_;
  std::string name_;
  bool owned_;
  bool buffered_;
  std::vector<std::byte> buffer_;
};

/// "NAME: what: reason of errno" as Error::OutputFailed.
[[noreturn]] void throw_output_failed(const std::string& name, int error_number);

}  // namespace terse::core
