#pragma once

namespace terse::tools::act_train {

/// While it lives, SIGINT and SIGTERM are remembered instead of ending the process, so that the present step and a
/// checkpoint are finished first.
class Interruption {
 public:
  /// @param wanted  false: the signals keep their meaning
  explicit Interruption(bool wanted);
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  /// Number of the signal that came, or 0.
  static int signal();

 private:
  bool wanted_;
};

/// Ends the process as `signal` would have: status 128 + signal to a shell.
[[noreturn]] void end_by_signal(int signal);

}  // namespace terse::tools::act_train
