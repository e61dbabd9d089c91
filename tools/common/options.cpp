#include "common/options.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "common/groups.hpp"
#include "terse/core/error.hpp"
#include "terse/core/limits.hpp"
#include "terse/core/size.hpp"

namespace terse::tools {

bool SharedOptions::colored(int descriptor) const {
  if (color != Color::Auto) return color == Color::Always;
  const char* no_color = std::getenv("NO_COLOR");
  return (no_color == nullptr || *no_color == '\0') && isatty(descriptor) == 1;
}

CLI::Option* add_output(CLI::App& app, SharedOptions& shared) {
  return app
      .add_option("-o,--output", shared.output,
                  "Write to FILE, which appears whole or not at all; - is standard output")
      ->type_name("FILE")
      ->group(kOutputGroup);
}

CLI::Option* add_seed(CLI::App& app, SharedOptions& shared) {
  return app.add_option("--seed", shared.seed, "Seed of everything random; recorded in what is written")
      ->type_name("N")
      ->group(kCourseGroup);
}

CLI::Option* add_json(CLI::App& app, SharedOptions& shared) {
  return app
      .add_flag("--json", shared.json,
                "Write JSON in place of a table on a terminal and TSV in a pipe; with --version: that as JSON")
      ->group(kOutputGroup);
}

CLI::Option* add_input(CLI::App& app, const std::string& name, std::string& input, const std::string& help) {
  if (input.empty()) input = "-";
  return app.add_option(name, input, help)->type_name("FILE");
}

CLI::Option* add_file(CLI::App& app, const std::string& names, std::string& file, const std::string& help) {
  return app.add_option(names, file, help)->type_name("FILE");
}

CLI::Option* add_folder(CLI::App& app, const std::string& names, std::string& folder, const std::string& help) {
  return app.add_option(names, folder, help)->type_name("DIR");
}

CLI::Option* add_size(CLI::App& app, const std::string& names, std::uint64_t& bytes, const std::string& help) {
  const std::string first = names.substr(0, names.find(','));
  const auto parse = [&bytes, first](const std::string& text) {
    try {
      bytes = core::parse_size(text);
    } catch (const Error& error) {
      throw CLI::ValidationError(first, error.what());
    }
  };
  CLI::Option* option = app.add_option_function<std::string>(names, parse, help)->type_name("SIZE");
  if (bytes != 0) option->default_str(core::format_size(bytes));
  return option;
}

CLI::Option* add_choice(CLI::App& app, const std::string& names, std::string& value,
                        const std::vector<std::string>& choices, const std::string& help) {
  // The words stand as the value's name, so that --help, the manual and completion all list them.
  std::string listed;
  for (const auto& choice : choices) listed += (listed.empty() ? "" : "|") + choice;
  return app.add_option(names, value, help)
      ->type_name(listed)
      ->check(CLI::Validator(
          [choices, listed](std::string& given) {
            for (const auto& choice : choices) {
              if (given == choice) return std::string();
            }
            return "'" + given + "' is not one of " + listed;
          },
          ""));
}

void add_heading(CLI::App& app, const char* heading) { app.option_defaults()->group(heading); }

void add_examples(CLI::App& app, std::initializer_list<std::string_view> examples) {
  std::string lines;
  for (const auto example : examples) lines.append(lines.empty() ? "" : "\n").append(example);
  app.footer(lines);
}

CLI::App& add_command(CLI::App& app, const std::string& name, std::string& chosen, const std::string& help) {
  CLI::App* command = app.add_subcommand(name, help);
  command->footer("");  // else the program's examples
  command->callback([&chosen, name] { chosen = name; });
  return *command;
}

void add_always(CLI::App& app, SharedOptions& shared) {
  app.add_option("-j,--threads", shared.threads, "Threads; 0 is all cores")
      ->type_name("N")
      ->check(CLI::Range(0, 4096).description(""))
      ->group(kGeneralGroup);
  app.add_option_function<std::string>(
         "--max-memory",
         [](const std::string& text) {
           try {
             core::set_memory_allowance(core::parse_size(text));
           } catch (const Error& error) {
             throw CLI::ValidationError("--max-memory", error.what());
           }
         },
         "Memory that an input may take beyond 64 times its size; a guard against files made to harm")
      ->type_name("SIZE")
      ->default_str(core::format_size(core::kDefaultAllowance))
      ->group(kGeneralGroup);
  app.add_flag_callback(
         "-q,--quiet", [&shared] { shared.verbosity = -1; }, "Say nothing but errors")
      ->group(kGeneralGroup);
  app.add_flag_function(
         "-v,--verbose", [&shared](std::int64_t count) { shared.verbosity = static_cast<int>(count); },
         "Say more; twice for still more")
      ->group(kGeneralGroup);
  app.add_flag("--progress,!--no-progress", shared.progress,
               "Show progress on standard error, or do not; shown if that is a terminal when neither is given")
      ->group(kGeneralGroup);
  app.add_option_function<std::string>(
         "--color",
         [&shared](const std::string& when) {
           shared.color = when == "always" ? Color::Always : when == "never" ? Color::Never : Color::Auto;
         },
         "Colour for people; auto is on a terminal unless NO_COLOR is set")
      ->type_name("auto|always|never")
      ->default_str("auto")
      ->check(CLI::IsMember({"auto", "always", "never"}).description(""))
      ->group(kGeneralGroup);
  app.set_config("--config", "", "Read options from FILE (TOML: `threads = 2`); the command line wins")
      ->type_name("FILE")
      ->group(kGeneralGroup);
  app.allow_config_extras(false);
  if (app.get_option_no_throw("--json") == nullptr) {
    app.add_flag("--json", shared.json, "With --version: as JSON")->group(kGeneralGroup);
  }
}

}  // namespace terse::tools
