#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace terse::tools::act_train {

struct LimitedResult {
  int status = 0;              ///< exit status; 128 + signal where one ended it
  bool out_of_memory = false;  ///< it said so, or the kernel ended it
  std::uint64_t peak_resident_bytes = 0;
  std::string output, message;  ///< standard output, and the last line of standard error
};

/// Runs a program with at most `limit` bytes of data (RLIMIT_DATA: all private writable memory, so what it maps beyond
/// fails at once) and waits for it. @throws Error::OutputFailed where it cannot be started
LimitedResult run_limited(const std::string& program, const std::vector<std::string>& arguments, std::uint64_t limit);

}  // namespace terse::tools::act_train
