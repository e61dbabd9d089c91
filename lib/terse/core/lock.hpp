#pragma once

#include <string>

namespace terse::core {

/// A lock that ends with the object and with the process, however that ends.
class Lock {
 public:
  /// Locks a folder.
  /// @param busy  what the error says where another has it: "another run keeps its checkpoints here"
  /// @throws Error::Busy, Error::OutputFailed where there is no such folder
  static Lock of_folder(const std::string& path, const std::string& busy);

  /// Locks the name of a file, which may not exist yet and may be replaced meanwhile: by a file ".NAME.lock" beside it,
  /// which goes with the lock. A killed process leaves it, locked by nobody, and the next one takes it over. What is no
  /// regular file (/dev/null) is not locked, and neither is anything on a file system without locks.
  /// @throws as of_folder() does
  static Lock of_file(const std::string& path, const std::string& busy);

  ~Lock();
  Lock(Lock&& other) noexcept;
  Lock& operator=(Lock&&) = delete;

 private:
  Lock() = default;

  int descriptor_ = -1;
  std::string file_;  // to remove; empty for a folder
  int slot_ = -1;     // where the signal handler finds it
};

}  // namespace terse::core
