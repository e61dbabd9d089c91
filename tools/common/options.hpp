#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace terse::tools {

enum class Color { Auto, Always, Never };

/// Options that mean the same in every program. Filled by the command line before run() sees it.
struct SharedOptions {
  std::string output = "-";  ///< -o; only after add_output()
  std::uint64_t seed = 1;    ///< --seed; only after add_seed()
  bool json = false;         ///< --json; only after add_json()
  int threads = 0;           ///< -j; 0: all cores. core::set_threads() has been called with it
  int verbosity = 0;         ///< -1 with -q, else the number of -v
  bool progress = false;     ///< --progress, --no-progress, or whether standard error is a terminal
  Color color = Color::Auto;

  std::string producer;  ///< "act-train 0.1.0", for an artifact's header
  /// The options given that shaped the content, for an artifact's header: in the order of their definition,
  /// without the shared ones and without those whose value is a FILE or DIR.
  std::vector<std::string> arguments;

  /// Whether to colour what goes to a stream: --color, NO_COLOR, and whether `descriptor` is a terminal.
  bool colored(int descriptor) const;
};

/// -o, --output FILE (default: standard output).
CLI::Option* add_output(CLI::App& app, SharedOptions& shared);
/// --seed N.
CLI::Option* add_seed(CLI::App& app, SharedOptions& shared);
/// --json: JSON lines in place of a table.
CLI::Option* add_json(CLI::App& app, SharedOptions& shared);

/// A positional input file; `-` is standard input and the default unless `input` says otherwise.
CLI::Option* add_input(CLI::App& app, const std::string& name, std::string& input, const std::string& help);

/// An option that takes a file or folder; the value's name decides what completion offers.
CLI::Option* add_file(CLI::App& app, const std::string& names, std::string& file, const std::string& help);
CLI::Option* add_folder(CLI::App& app, const std::string& names, std::string& folder, const std::string& help);

/// An option that takes a size: 4096, 400M, 1.5GiB (core/size.hpp).
CLI::Option* add_size(CLI::App& app, const std::string& names, std::uint64_t& bytes, const std::string& help);

/// An option that takes one of a few words.
CLI::Option* add_choice(CLI::App& app, const std::string& names, std::string& value,
                        const std::vector<std::string>& choices, const std::string& help);

/// Options of `app` that are defined from here on stand under this heading (groups.hpp).
void add_heading(CLI::App& app, const char* heading);

/// Command lines that --help shows first: two for each command.
void add_examples(CLI::App& app, std::initializer_list<std::string_view> examples);

/// A sub-command; `chosen` becomes its name where it is the one given. Its options go to what this returns.
CLI::App& add_command(CLI::App& app, const std::string& name, std::string& chosen, const std::string& help);

/// What every program has beside --help and --version; run_program() calls it.
void add_always(CLI::App& app, SharedOptions& shared);

}  // namespace terse::tools
