#pragma once

#include <stdexcept>
#include <string>

namespace terse {

/// The one exception of the project: a message for the user and the exit code it maps to.
/// The message names the file and, where there is one, the record or line (`kb.tsv:17: …`).
class Error : public std::runtime_error {
 public:
  enum class Code {
    Negative = 1,       ///< the answer is no (a check that failed, a difference found)
    Usage = 2,          ///< the command line or a call's arguments make no sense
    BadInput = 65,      ///< bad or truncated input
    NoInput = 66,       ///< an input cannot be opened
    Internal = 70,      ///< a bug of ours
    OutOfMemory = 71,   ///< out of memory, or a budget that cannot be met
    OutputFailed = 74,  ///< an output could not be written
    Busy = 75,          ///< something else holds what is needed
    NotTrusted = 77,    ///< would run foreign code, and the user has not allowed it
  };
  using enum Code;

  Error(Code code, const std::string& message) : std::runtime_error(message), code_(code) {}

  Code code() const noexcept { return code_; }
  int exit_code() const noexcept { return static_cast<int>(code_); }

 private:
  Code code_;
};

}  // namespace terse
