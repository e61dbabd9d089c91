#include "terse/core/size.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "terse/core/error.hpp"

namespace terse::core {

namespace {

constexpr std::uint64_t kLargest = 1ull << 63;

/// Bytes of a unit: "" 1, "K" and "KiB" 1024, "KB" 1000, and so on; nullopt for anything else.
std::optional<std::uint64_t> unit_bytes(std::string_view unit) {
  if (unit.empty()) return 1;
  const std::size_t power = std::string_view("KMGT").find(unit[0] == 'k' ? 'K' : unit[0]);
  if (power == std::string_view::npos) return std::nullopt;
  const std::string_view rest = unit.substr(1);
  if (!rest.empty() && rest != "iB" && rest != "B") return std::nullopt;
  std::uint64_t bytes = 1;
  for (std::size_t i = 0; i <= power; ++i) bytes *= rest == "B" ? 1000 : 1024;
  return bytes;
}

[[noreturn]] void refuse(std::string_view text) {
  throw Error(Error::Usage, "'" + std::string(text) + "' is not a size such as 1234, 400M, 1.5GiB or 2GB");
}

}  // namespace

std::uint64_t parse_size(std::string_view text) {
  const std::size_t digits_end = std::min(text.find_first_not_of("0123456789."), text.size());
  const std::string_view digits = text.substr(0, digits_end);
  const auto unit = unit_bytes(text.substr(digits_end));
  if (digits.empty() || digits[0] == '.' || !unit) refuse(text);

  std::uint64_t bytes = 0;
  if (digits.find('.') == std::string_view::npos) {
    std::uint64_t number = 0;
    const auto result = std::from_chars(digits.begin(), digits.end(), number);
    if (result.ec != std::errc() || __builtin_mul_overflow(number, *unit, &bytes)) refuse(text);
  } else {
    double number = 0;
    const auto result = std::from_chars(digits.begin(), digits.end(), number, std::chars_format::fixed);
    if (result.ec != std::errc() || result.ptr != digits.end()) refuse(text);
    const double product = std::round(number * static_cast<double>(*unit));
    if (product > static_cast<double>(kLargest)) refuse(text);
    bytes = static_cast<std::uint64_t>(product);
  }
  if (bytes > kLargest) refuse(text);
  return bytes;
}

std::string format_size(std::uint64_t bytes) {
  static constexpr std::array<std::string_view, 7> kUnits = {" B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB"};
  if (bytes < 1024) return std::to_string(bytes) + std::string(kUnits[0]);
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  // What would be shown as 1024 belongs to the next unit.
  while (std::round(value) >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  // std::to_chars, because printf's decimal point follows the locale.
  const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  char text[32];
  const auto result = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, decimals);
  return std::string(text, result.ptr) + std::string(kUnits[unit]);
}

}  // namespace terse::core
