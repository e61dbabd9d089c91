#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace terse::tools {

/// One option or positional of a command line, as people are told about it.
struct OptionText {
  std::vector<std::string> names;  ///< "-o", "--output"; a positional's name alone
  std::string value;               ///< "FILE", "N", "none|fast|exact"; empty for a flag
  std::string help;
  std::string default_value;  ///< empty where there is none to show
  std::string group;          ///< heading
  bool positional = false;
  bool required = false;
  bool repeats = false;
};

/// A program's or sub-command's visible command line. --help, the manual page and completion are written from
/// it.
struct Definition {
  std::string name;
  std::string summary;
  std::vector<std::string> examples;  ///< command lines
  std::vector<OptionText> options;    ///< positionals, then heading by heading in the order of definition
  std::vector<Definition> commands;
};

/// The options that `app` defines itself.
Definition definition_of(const CLI::App& app);

/// Also the options of the program that may be given after the sub-command `app`: what its --help shows.
Definition full_definition_of(const CLI::App& app);

/// @throws Error::Internal naming an option or sub-command without help text, or a command without two examples
void check_documented(const Definition& definition);

/// The words in "none|fast|exact"; empty for a value that is not a choice.
std::vector<std::string> choices_of(std::string_view value);

/// What --help prints, lines within `width` columns. `name` is the program with the sub-commands given.
std::string help_text(const Definition& definition, const std::string& name, std::size_t width = 80);

/// The manual page's OPTIONS section in scdoc's language, sub-commands included.
std::string manual_options(const Definition& definition);

/// A bash completion function for the program and the `complete` line that installs it.
std::string bash_completion(const Definition& definition);

/// The options given, for SharedOptions::arguments.
std::vector<std::string> content_arguments(const CLI::App& app);

}  // namespace terse::tools
