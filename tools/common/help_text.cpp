#include <algorithm>

#include "common/definition.hpp"

namespace terse::tools {
namespace {

constexpr std::size_t kTextColumn = 28;

// Appends `text` word by word from `column`, with further lines that start at `indent`; all end before `width`.
void wrap(std::string& out, std::string_view text, std::size_t column, std::size_t indent, std::size_t width) {
  bool first = true;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find(' ', begin), text.size());
    const auto word = text.substr(begin, end - begin);
    if (!first && column + 1 + word.size() > width) {
      out += '\n' + std::string(indent, ' ');
      column = indent;
    } else if (!first) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
    first = false;
    begin = end + 1;
  }
  out += '\n';
}

void entry(std::string& out, const std::string& label, const std::string& text, std::size_t width) {
  out += "  " + label;
  std::size_t column = 2 + label.size();
  if (column + 2 > kTextColumn) {
    out += '\n' + std::string(kTextColumn, ' ');
  } else {
    out += std::string(kTextColumn - column, ' ');
  }
  wrap(out, text, kTextColumn, kTextColumn, width);
}

std::string label_of(const OptionText& option) {
  std::string label;
  for (const auto& name : option.names) label += (label.empty() ? "" : ", ") + name;
  if (!option.positional) {
    if (option.names[0].starts_with("--")) label = "    " + label;
    if (!option.value.empty()) label += " " + option.value;
  }
  if (option.repeats) label += "...";
  return label;
}

std::string text_of(const OptionText& option) {
  std::string text = option.help;
  if (!option.default_value.empty() && option.default_value != "-") text += " (default " + option.default_value + ")";
  if (option.required) text += " (required)";
  return text;
}

std::string usage(const Definition& definition, const std::string& name) {
  std::string line = "Usage: " + name + " [OPTIONS]";
  for (const auto& option : definition.options) {
    if (!option.positional) continue;
    const std::string value = option.names[0] + (option.repeats ? "..." : "");
    line += option.required ? " " + value : " [" + value + "]";
  }
  if (!definition.commands.empty()) line += " COMMAND ...";
  return line + "\n";
}

}  // namespace

std::string help_text(const Definition& definition, const std::string& name, std::size_t width) {
  std::string out = usage(definition, name);
  wrap(out, definition.summary, 0, 0, width);
  if (!definition.examples.empty()) out += "\nExamples:\n";
  for (const auto& example : definition.examples) out += "  " + example + "\n";
  std::string heading;
  for (const auto& option : definition.options) {
    const std::string group = option.positional ? "Arguments" : option.group;
    if (group != heading) out += "\n" + group + ":\n";
    heading = group;
    entry(out, label_of(option), text_of(option), width);
  }
  if (!definition.commands.empty()) out += "\nCommands:\n";
  for (const auto& command : definition.commands) entry(out, command.name, command.summary, width);
  return out;
}

}  // namespace terse::tools
