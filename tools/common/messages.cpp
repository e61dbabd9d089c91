#include "common/messages.hpp"

#include <unistd.h>

#include <cstdio>
#include <mutex>
#include <string>

namespace terse::tools {
namespace {

struct Speaker {
  std::mutex mutex;
  std::string program = "terse";
  int verbosity = 0;
  bool colored = false;
};

Speaker& speaker() {
  static Speaker one;
  return one;
}

// A message that comes from elsewhere may have many lines; the first says what is wrong.
std::string_view first_line(std::string_view text) { return text.substr(0, text.find('\n')); }

void say(int from_verbosity, const char* label, const char* color, std::string_view message) {
  Speaker& who = speaker();
  const std::lock_guard lock(who.mutex);
  if (who.verbosity < from_verbosity) return;
  std::string line = who.program + ": ";
  if (*label != '\0') line += who.colored ? color + std::string(label) + "\033[0m" : label;
  line += first_line(message);
  line += '\n';
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace

void set_speaker(std::string_view program, const SharedOptions& shared) {
  Speaker& who = speaker();
  const std::lock_guard lock(who.mutex);
  who.program = program;
  who.verbosity = shared.verbosity;
  who.colored = shared.colored(STDERR_FILENO);
}

void say_error(std::string_view message) { say(-1, "", "", message); }
void say_warning(std::string_view message) { say(0, "warning: ", "\033[33m", message); }
void say_note(std::string_view message) { say(0, "", "", message); }
void say_detail(std::string_view message) { say(1, "", "", message); }

std::string plural(std::uint64_t count, std::string_view one, std::string_view several) {
  return std::to_string(count) + " " + std::string(count == 1 ? one : several);
}

}  // namespace terse::tools
