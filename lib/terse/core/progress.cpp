#include "terse/core/progress.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <charconv>
#include <cmath>
#include <string_view>

#include "terse/core/utf8.hpp"

namespace terse::core {

namespace {

using Seconds = std::chrono::duration<double>;

constexpr auto kBetweenUpdates = std::chrono::milliseconds(100);
constexpr std::string_view kClearLine = "\r\x1b[K";

/// A progress line that cannot be shown is no reason to stop the work.
void show(std::string_view text) {
  [[maybe_unused]] const ssize_t ignored = ::write(STDERR_FILENO, text.data(), text.size());
}

std::size_t terminal_width() {
  struct winsize size {};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

std::string three_digits(double x) {
  char text[32];
  const auto format = x >= 100 ? std::chars_format::fixed : std::chars_format::general;
  return {text, std::to_chars(text, text + sizeof text, x, format, x >= 100 ? 0 : 3).ptr};
}

/// "1:02:03" or "2:03".
std::string clock_text(double seconds) {
  const auto whole = static_cast<std::uint64_t>(std::llround(seconds));
  const auto two = [](std::uint64_t x) { return (x < 10 ? "0" : "") + std::to_string(x); };
  const std::uint64_t hours = whole / 3600, minutes = whole / 60 % 60;
  if (hours > 0) return std::to_string(hours) + ":" + two(minutes) + ":" + two(whole % 60);
  return std::to_string(minutes) + ":" + two(whole % 60);
}

/// Cut to `width` characters, so that the line never wraps and can be rewritten.
std::string_view cut(std::string_view text, std::size_t width) {
  if (count_characters(text) <= width) return text;
  std::size_t bytes = 0;
  for (std::size_t seen = 0; bytes < text.size(); ++bytes) {
    const bool starts_character = (static_cast<unsigned char>(text[bytes]) & 0xC0) != 0x80;
    if (starts_character && seen++ == width) break;
  }
  return text.substr(0, bytes);
}

}  // namespace

Progress::Progress(std::string what, std::uint64_t total, bool enabled)
    : what_(std::move(what)), total_(total), enabled_(enabled), start_(std::chrono::steady_clock::now()) {}

Progress::~Progress() {
  if (shown_) show(kClearLine);
}

void Progress::update(std::uint64_t done, const std::string& note) {
  if (!enabled_) return;
  const auto now = std::chrono::steady_clock::now();
  if (shown_ && now - last_ < kBetweenUpdates) return;
  last_ = now;
  shown_ = true;

  const double elapsed = Seconds(now - start_).count();
  std::string line = what_ + "  " + std::to_string(done);
  if (total_ > 0) {
    line += "/" + std::to_string(total_) + "  " + std::to_string(done >= total_ ? 100 : done * 100 / total_) + "%";
  }
  if (done > 0 && elapsed > 0) {
    const double rate = static_cast<double>(done) / elapsed;
    line += "  " + three_digits(rate) + "/s";
    if (total_ > done) line += "  " + clock_text(static_cast<double>(total_ - done) / rate) + " left";
  }
  if (!note.empty()) line += "  " + note;
  show(std::string(kClearLine) + std::string(cut(line, terminal_width() - 1)));
}

bool Progress::wanted(bool forced_on, bool forced_off) {
  if (forced_off) return false;
  return forced_on || ::isatty(STDERR_FILENO) != 0;
}

}  // namespace terse::core
