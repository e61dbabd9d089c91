#include "common/numbers.hpp"

#include <charconv>
#include <cmath>
#include <optional>
#include <string>

namespace terse::tools {
namespace {

template <class Number>
std::optional<Number> parse(const std::string& text) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, number);
  if (failure != std::errc() || stop != end) return std::nullopt;
  return number;
}

/// A check that shows nothing in the help; `says` completes "'-1' is not …".
template <class Accepts>
CLI::Validator check(Accepts accepts, const std::string& says) {
  return CLI::Validator(
      [accepts, says](std::string& given) { return accepts(given) ? std::string() : "'" + given + "' is not " + says; },
      "");
}

bool finite(const std::string& text) {
  const auto number = parse<double>(text);
  return number && std::isfinite(*number);
}

}  // namespace

CLI::Validator above_zero() {
  return check([](const std::string& text) { return finite(text) && *parse<double>(text) > 0; }, "a number above 0");
}

CLI::Validator not_negative() {
  return check([](const std::string& text) { return finite(text) && *parse<double>(text) >= 0; }, "a number from 0 on");
}

void expect_numbers(CLI::App& app) {
  const auto whole = check([](const std::string& text) { return parse<std::uint64_t>(text).has_value(); },
                           "a whole number from 0 to 18446744073709551615");
  const auto real = check(finite, "a number");
  for (CLI::Option* option : app.get_options()) {
    const std::string value = option->get_type_name();
    if (value == "N") option->check(whole);
    if (value == "X" || value == "NATS" || value == "RATE" || value == "SHARE" || value == "SECONDS") {
      option->check(real);
    }
  }
  for (CLI::App* command : app.get_subcommands([](CLI::App*) { return true; })) expect_numbers(*command);
}

}  // namespace terse::tools
