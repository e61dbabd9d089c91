#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <exception>
#include <filesystem>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <vector>

#include "common/command_config.hpp"
#include "common/config_place.hpp"
#include "common/definition.hpp"
#include "common/groups.hpp"
#include "common/messages.hpp"
#include "common/numbers.hpp"
#include "common/standard_streams.hpp"
#include "common/tool.hpp"
#include "common/version.hpp"
#include "terse/core/atomic_file.hpp"
#include "terse/core/error.hpp"
#include "terse/core/parallel.hpp"
#include "terse/core/progress.hpp"
#include "terse/core/temporaries.hpp"

namespace terse::tools {
namespace {

constexpr int kSuccess = 0;

// Thrown by options that answer at once, as CLI11 does for --help: the command line is then not checked
// further.
struct Answer {
  std::string text;
};

void add_answers(CLI::App& app, const Tool& tool) {
  app.add_flag_callback(
         "--version", [&] { throw Answer{version_text(tool, app.get_option("--json")->count() > 0)}; },
         "Print version, build type, compiler and SIMD target, and exit")
      ->group(kGeneralGroup);
  app.add_flag_callback("--emit-man-options", [&] { throw Answer{manual_options(definition_of(app))}; })
      ->group(kHiddenGroup);
  app.add_flag_callback("--emit-completion", [&] { throw Answer{bash_completion(definition_of(app))}; })
      ->group(kHiddenGroup);
}

void prepare(CLI::App& app, const Tool& tool, SharedOptions& shared, const std::function<void(CLI::App&)>& define) {
  app.option_defaults()->always_capture_default();
  app.formatter_fn([](const CLI::App* shown, const std::string& name, CLI::AppFormatMode) {
    return help_text(full_definition_of(*shown), name);
  });
  app.set_help_flag("-h,--help", "Print this help and exit")->group(kGeneralGroup);
  define(app);
  add_always(app, shared);
  add_answers(app, tool);
  app.config_formatter(std::make_shared<CommandConfig>(app));
  expect_numbers(app);
  const auto commands = app.get_subcommands([](CLI::App*) { return true; });
  for (CLI::App* command : commands) {
    command->fallthrough();
    command->get_help_ptr()->group(kGeneralGroup);
  }
  if (!commands.empty()) app.require_subcommand(1);
}

/// Where a command line that names no sub-command would have to name one: before the first argument that is no option
/// of the program itself, nor the value of one. No place where it does name one, or asks for the program's help.
std::optional<std::size_t> place_of_command(const CLI::App& app, const std::vector<std::string>& arguments) {
  std::size_t i = 0;
  for (; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    const bool is_long = argument.starts_with("--");
    if (argument.size() < 2 || argument[0] != '-') break;
    const auto name = is_long ? argument.substr(0, argument.find('=')) : argument.substr(0, 2);
    const CLI::Option* option = app.get_option_no_throw(name);
    if (option == nullptr) break;
    if (option == app.get_help_ptr()) return std::nullopt;
    if (option->get_items_expected_max() > 0 && argument == name) ++i;  // its value
  }
  i = std::min(i, arguments.size());
  const auto is_named = [&](const CLI::App* command) {
    return i < arguments.size() && arguments[i] == command->get_name();
  };
  return app.get_subcommands(is_named).empty() ? std::optional(i) : std::nullopt;
}

/// The sub-command that `arguments` stand for if they name none; empty where there is no such thing.
std::string implied_command(const Tool& tool, const std::vector<std::string>& arguments) {
  for (const auto& [option, command] : tool.former_options) {
    const auto is_given = [name = option](std::string_view argument) {
      return argument.starts_with(name) && (argument.size() == name.size() || argument[name.size()] == '=');
    };
    if (std::ranges::any_of(arguments, is_given)) return std::string(command);
  }
  return std::string(tool.default_command);
}

/// What to say where a plain word stands in the place of a sub-command that is neither one nor a file: more likely a
/// command misspelt than a file that is missing. Empty where it is not so.
std::string misspelt(const std::vector<std::string>& arguments, std::size_t place, const Tool& tool) {
  if (place == arguments.size() || arguments[place].find_first_of("-./") != std::string::npos) return "";
  std::error_code unknown;
  if (std::filesystem::exists(arguments[place], unknown) || unknown) return "";
  return "no such command or file: '" + arguments[place] + "' (try '" + std::string(tool.name) + " --help')";
}

// What follows from the options together, before run() sees them.
void settle(const CLI::App& app, const Tool& tool, SharedOptions& shared) {
  const bool asked = app.get_option("--progress")->count() > 0;
  shared.progress = core::Progress::wanted(asked && shared.progress, asked && !shared.progress);
  shared.producer = std::string(tool.name) + " " + std::string(version());
  shared.arguments = content_arguments(app);
  set_speaker(tool.name, shared);
  core::set_threads(shared.threads);
}

// CLI11's sentences start with a capital and may end in a new line and more.
std::string sentence(std::string text) {
  text.resize(std::min(text.find('\n'), text.size()));
  if (text.size() > 1 && std::islower(static_cast<unsigned char>(text[1])) != 0) {
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  }
  return text;
}

/// "no such command: 'x'", "arguments not expected: x y", or what CLI11 says.
std::string usage_message(const CLI::App& app, const CLI::ParseError& error) {
  // CLI11 looks for what is missing first; an argument that nobody knows tells more. It lists them backwards, too.
  const auto unknown = app.remaining(true);
  const bool missing = dynamic_cast<const CLI::RequiredError*>(&error) != nullptr;
  if (unknown.empty() || (!missing && dynamic_cast<const CLI::ExtrasError*>(&error) == nullptr)) {
    return sentence(error.what());
  }
  const bool wants_command = app.get_require_subcommand_min() > 0 && app.get_subcommands().empty();
  if (wants_command && !unknown.front().starts_with('-')) return "no such command: '" + unknown.front() + "'";
  std::string listed;
  for (const auto& argument : unknown) listed += " " + argument;
  return (unknown.size() == 1 ? "argument not expected:" : "arguments not expected:") + listed;
}

int usage_error(const Tool& tool, const CLI::App& app, const CLI::ParseError& error,
                std::span<const char* const> arguments) {
  if (auto in_config = config_error(app, error, arguments)) {
    for (const auto& [option, command] : tool.former_options) {
      const auto unknown = "no option '" + std::string(option.substr(2)) + "'";
      if (in_config->ends_with(unknown)) *in_config += "; it is the command '" + std::string(command) + "' now";
    }
    say_error(*in_config);
    return static_cast<int>(Error::Code::BadInput);
  }
  say_error(usage_message(app, error));
  if (dynamic_cast<const CLI::FileError*>(&error) != nullptr) return static_cast<int>(Error::Code::NoInput);
  if (dynamic_cast<const CLI::ConfigError*>(&error) != nullptr) return static_cast<int>(Error::Code::BadInput);
  std::string program(tool.name);
  for (const CLI::App* command : app.get_subcommands()) program += " " + command->get_name();
  std::fprintf(stderr, "Try '%s --help'.\n", program.c_str());
  return static_cast<int>(Error::Code::Usage);
}

// Whether it is memory, or threads, that the system did not give. LibTorch says so only in words.
bool is_out_of_memory(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return true;
  if (dynamic_cast<const std::length_error*>(&error) != nullptr) return true;  // more than any memory
  if (const auto* const system = dynamic_cast<const std::system_error*>(&error)) {
    return system->code() == std::errc::resource_unavailable_try_again ||
           system->code() == std::errc::not_enough_memory;
  }
  const std::string_view said = error.what();
  return said.find("DefaultCPUAllocator: ") != said.npos ||
         said.find("Storage size calculation overflowed") != said.npos;
}

// Runs `body` and turns whatever it throws into a message and an exit status.
template <class Body>
int answered(Body body) {
  try {
    return body();
  } catch (const Error& error) {
    say_error(error.what());
    return error.exit_code();
  } catch (const std::exception& error) {
    if (is_out_of_memory(error)) {
      say_error("out of memory");
      return static_cast<int>(Error::Code::OutOfMemory);
    }
    say_error(std::string("internal error: ") + error.what());
  } catch (...) {
    say_error("internal error of unknown type");
  }
  return static_cast<int>(Error::Code::Internal);
}

// The same where there is no memory for the message either.
template <class Body>
int guarded(Body body) {
  try {
    return answered(body);
  } catch (...) {
    constexpr std::string_view kMessage = "terse: out of memory\n";
    [[maybe_unused]] const auto ignored = ::write(STDERR_FILENO, kMessage.data(), kMessage.size());
  }
  return static_cast<int>(Error::Code::OutOfMemory);
}

int parse_and_run(const Tool& tool, int argc, char** argv, SharedOptions& shared,
                  const std::function<void(CLI::App&)>& define, const std::function<int()>& run) {
  CLI::App app{std::string(tool.summary), std::string(tool.name)};
  prepare(app, tool, shared, define);
  std::vector<std::string> arguments(argv + 1, argv + argc);
  const std::string implied = implied_command(tool, arguments);
  std::string no_command;
  if (!implied.empty()) {
    if (const auto place = place_of_command(app, arguments)) {
      if (implied == tool.default_command) no_command = misspelt(arguments, *place, tool);
      arguments.insert(arguments.begin() + static_cast<std::ptrdiff_t>(*place), implied);
    }
  }
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));  // CLI11 takes them from the back
  } catch (const Answer& answer) {
    print(answer.text);
    return kSuccess;
  } catch (const CLI::CallForHelp&) {
    print(app.help());
    return kSuccess;
  } catch (const CLI::ParseError& error) {
    if (!no_command.empty()) throw Error(Error::Usage, no_command);
    return usage_error(tool, app, error, {argv, static_cast<std::size_t>(argc)});
  }
  settle(app, tool, shared);
  // A name that could be left out is: both spellings write the same.
  if (!shared.arguments.empty() && shared.arguments.front() == implied) {
    shared.arguments.erase(shared.arguments.begin());
  }
  try {
    return run();
  } catch (const Error& error) {
    if (error.code() == Error::NoInput && !no_command.empty()) throw Error(Error::Usage, no_command);
    throw;
  }
}

}  // namespace

int run_program(const Tool& tool, int argc, char** argv, SharedOptions& shared,
                const std::function<void(CLI::App&)>& define, const std::function<int()>& run) {
  hold_standard_streams();
  const int status = guarded([&] {
    core::remove_temporaries_on_signal();
    set_speaker(tool.name, shared);
    return parse_and_run(tool, argc, argv, shared, define, run);
  });
  guarded([] {
    for (const std::string& warning : core::take_output_warnings()) say_warning(warning);
    return kSuccess;
  });
  // A result that could not be written is no result, whatever run() thought of it.
  const int flushed = guarded([] {
    flush_standard_output();
    return kSuccess;
  });
  return flushed != kSuccess && (status == kSuccess || status == static_cast<int>(Error::Code::Negative)) ? flushed
                                                                                                          : status;
}

}  // namespace terse::tools
