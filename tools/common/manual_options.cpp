#include "common/definition.hpp"

namespace terse::tools {
namespace {

// scdoc gives these a meaning of their own.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '_' || c == '*' || c == '[' || c == ']' || c == '#' || c == '|' || c == '`') out += '\\';
    out += c;
  }
  return out;
}

std::string bold(std::string_view text) { return "*" + escaped(text) + "*"; }
std::string emphasis(std::string_view text) { return "_" + escaped(text) + "_"; }

std::string marked_label(const OptionText& option) {
  std::string label;
  for (const auto& name : option.names) {
    if (!label.empty()) label += ", ";
    label += option.positional ? emphasis(name) : bold(name);
  }
  if (!option.positional && !option.value.empty()) {
    const auto words = choices_of(option.value);
    label += ' ';
    if (words.empty()) label += emphasis(option.value);
    for (std::size_t i = 0; i < words.size(); ++i) label += (i == 0 ? "" : "\\|") + bold(words[i]);
  }
  if (option.repeats) label += " ...";
  return label;
}

void write_options(std::string& out, const Definition& definition, bool with_general) {
  std::string heading;
  for (const auto& option : definition.options) {
    const std::string group = option.positional ? "" : option.group;
    if (!with_general && option.names.front() == "-h") continue;  // said once, for the program
    if (group != heading && !group.empty() && group != "Options") out += "*" + escaped(group) + "*\n\n";
    heading = group;
    out += marked_label(option) + "\n\t" + escaped(option.help) + ".";
    if (!option.default_value.empty() && option.default_value != "-") {
      out += " Default: " + escaped(option.default_value) + ".";
    }
    if (option.required) out += " Required.";
    out += "\n\n";
  }
}

}  // namespace

std::string manual_options(const Definition& definition) {
  check_documented(definition);
  std::string out = "# OPTIONS\n\n";
  write_options(out, definition, true);
  for (const auto& command : definition.commands) {
    out += "## " + definition.name + " " + command.name + "\n\n" + escaped(command.summary) + ".\n\n";
    write_options(out, command, false);
  }
  return out;
}

}  // namespace terse::tools
