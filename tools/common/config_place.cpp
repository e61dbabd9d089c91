#include "common/config_place.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>

#include "terse/core/utf8.hpp"

namespace terse::tools {
namespace {

constexpr std::string_view kUnknown = "INI was not able to parse ";  // CLI11's

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\"'";
  const auto first = text.find_first_not_of(kBlank);
  return first == text.npos ? std::string_view() : text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

/// The number, from 1, of the line that gives `item` ("batch", or "command.batch" below "[command]"), or 0.
std::size_t line_of(const std::string& file, std::string_view item) {
  std::ifstream input(file);
  std::string line, section;
  for (std::size_t number = 1; std::getline(input, line); ++number) {
    const std::string_view content = trimmed(line);
    if (content == item) return number;
    if (content.starts_with('[') && content.ends_with(']'))
      section = std::string(content.substr(1, content.size() - 2)) + ".";
    const auto key = trimmed(content.substr(0, content.find('=')));
    if (!key.empty() && (key == item || section + std::string(key) == item)) return number;
  }
  return 0;
}

bool is_given(std::span<const char* const> arguments, const std::string& option) {
  return std::any_of(arguments.begin(), arguments.end(), [&](std::string_view argument) {
    return argument == option || argument.starts_with(option + "=");
  });
}

/// "FILE:3: not text" for the first line that is none; nothing where all are.
std::optional<std::string> not_text(const std::string& file) {
  std::ifstream input(file);
  std::string line;
  for (std::size_t number = 1; std::getline(input, line); ++number) {
    if (core::first_invalid_utf8(line) < line.size()) return file + ":" + std::to_string(number) + ": not text";
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> config_error(const CLI::App& app, const CLI::ParseError& error,
                                        std::span<const char* const> arguments) {
  const CLI::Option* config = app.get_option_no_throw("--config");
  if (config == nullptr || config->count() == 0) return std::nullopt;
  const auto file = config->as<std::string>();
  if (auto place = not_text(file)) return place;
  std::string_view what = error.what();
  what = what.substr(0, what.find('\n'));
  std::string_view item;
  std::string problem;
  if (what.starts_with(kUnknown)) {
    item = what.substr(kUnknown.size());
    problem = "no option '" + std::string(item) + "'";
  } else if (const auto colon = what.find(": "); colon != what.npos) {
    item = what.substr(0, colon);
    problem = what.substr(colon + 2);
    if (item.starts_with("--")) {
      if (is_given(arguments, std::string(item))) return std::nullopt;
      item.remove_prefix(2);
    }
  }
  const std::size_t line = item.empty() ? 0 : line_of(file, item);
  if (line == 0) return std::nullopt;
  return file + ":" + std::to_string(line) + ": " + problem;
}

}  // namespace terse::tools
