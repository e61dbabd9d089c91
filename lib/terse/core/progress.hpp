#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace terse::core {

/// One line on stderr that rewrites itself: what, done/total, rate, time left, and a note. Silent unless enabled;
/// at most ten updates a second; the line is cleared by the destructor.
class Progress {
 public:
  /// @param total  0 where unknown
  Progress(std::string what, std::uint64_t total, bool enabled);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void update(std::uint64_t done, const std::string& note = {});

  /// --progress / --no-progress / neither: shown if stderr is a terminal.
  static bool wanted(bool forced_on, bool forced_off);

 private:
  std::string what_;
  std::uint64_t total_;
  bool enabled_;
  bool shown_ = false;
  std::chrono::steady_clock::time_point start_, last_;
};

}  // namespace terse::core
