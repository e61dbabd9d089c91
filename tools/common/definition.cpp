#include "common/definition.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "common/groups.hpp"
#include "terse/core/error.hpp"

namespace terse::tools {
namespace {

std::vector<std::string> names_of(const CLI::Option& option) {
  if (!option.nonpositional()) return {option.get_name(true)};
  std::vector<std::string> names;
  for (const auto& name : option.get_snames()) names.push_back("-" + name);
  for (const auto& name : option.get_lnames()) names.push_back("--" + name);
  return names;
}

// CLI11 writes a value as "TYPE:VALIDATOR", the validator being "{a,b}", "FILE" or a sentence.
std::string value_of(const CLI::Option& option) {
  if (option.get_type_size() == 0) return "";
  std::string type = option.get_type_name();
  const auto colon = type.find(':');
  if (colon == std::string::npos) return type;
  std::string check = type.substr(colon + 1);
  if (check == "FILE" || check == "DIR") return check;
  if (check.size() > 2 && check.front() == '{' && check.back() == '}') {
    check = check.substr(1, check.size() - 2);
    std::replace(check.begin(), check.end(), ',', '|');
    return check;
  }
  return type.substr(0, colon);
}

OptionText text_of(const CLI::Option& option) {
  OptionText text;
  text.names = names_of(option);
  text.value = value_of(option);
  text.help = option.get_description();
  text.group = option.get_group();
  text.positional = !option.nonpositional();
  text.required = option.get_required();
  text.repeats = !text.value.empty() && option.get_items_expected_max() > 1;
  std::string value = option.get_default_str();
  if (text.repeats && value.size() >= 2 && value.front() == '[') value = value.substr(1, value.size() - 2);
  if (!text.value.empty() && value != "{}") text.default_value = value;
  return text;
}

/// Positionals first, then heading by heading: in the order of definition, but Output, Run and General options last.
void arrange(std::vector<OptionText>& options) {
  std::vector<std::string> headings;
  for (const auto& option : options) headings.push_back(option.positional ? "" : option.group);
  const auto rank = [&](const OptionText& option) -> std::size_t {
    if (option.positional) return 0;
    if (option.group == kOutputGroup) return headings.size() + 1;
    if (option.group == kCourseGroup) return headings.size() + 2;
    if (option.group == kGeneralGroup) return headings.size() + 3;
    return 1 + static_cast<std::size_t>(std::ranges::find(headings, option.group) - headings.begin());
  };
  std::ranges::stable_sort(options, {}, rank);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

}  // namespace

Definition definition_of(const CLI::App& app) {
  Definition definition{app.get_name(), app.get_description(), lines_of(app.get_footer()), {}, {}};
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group() != kHiddenGroup) definition.options.push_back(text_of(*option));
  }
  arrange(definition.options);
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    definition.commands.push_back(definition_of(*command));
  }
  return definition;
}

Definition full_definition_of(const CLI::App& app) {
  Definition definition = definition_of(app);
  const auto is_defined = [&](const OptionText& inherited) {
    return std::ranges::any_of(definition.options,
                               [&](const OptionText& own) { return own.names.back() == inherited.names.back(); });
  };
  for (const CLI::App* parent = app.get_parent(); parent != nullptr; parent = parent->get_parent()) {
    for (auto& option : definition_of(*parent).options) {
      if (!option.positional && !is_defined(option)) definition.options.push_back(std::move(option));
    }
  }
  arrange(definition.options);
  return definition;
}

void check_documented(const Definition& definition) {
  for (const auto& option : definition.options) {
    if (option.help.empty()) {
      throw Error(Error::Internal, definition.name + ": " + option.names.back() + " has no help text");
    }
  }
  if (definition.examples.size() < 2) throw Error(Error::Internal, definition.name + " has no two examples");
  for (const auto& command : definition.commands) {
    if (command.summary.empty()) throw Error(Error::Internal, command.name + " has no help text");
    check_documented(command);
  }
}

std::vector<std::string> choices_of(std::string_view value) {
  std::vector<std::string> words;
  if (value.find('|') == std::string_view::npos) return words;
  for (std::size_t begin = 0; begin <= value.size();) {
    const auto end = std::min(value.find('|', begin), value.size());
    words.emplace_back(value.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

std::vector<std::string> content_arguments(const CLI::App& app) {
  std::vector<std::string> arguments;
  for (const CLI::Option* option : app.get_options()) {
    const std::string& group = option->get_group();
    if (option->count() == 0 || group == kGeneralGroup || group == kCourseGroup) continue;
    const OptionText text = text_of(*option);
    const std::string& name = text.names.back();
    if (text.value == "FILE" || text.value == "DIR" || name == "--seed" || name == "--seeds" || name == "--json")
      continue;
    if (!text.positional) arguments.push_back(name);
    if (!text.value.empty()) {
      for (const auto& result : option->results()) arguments.push_back(result);
    }
  }
  for (const CLI::App* command : app.get_subcommands()) {
    arguments.push_back(command->get_name());
    for (auto& argument : content_arguments(*command)) arguments.push_back(std::move(argument));
  }
  return arguments;
}

}  // namespace terse::tools
