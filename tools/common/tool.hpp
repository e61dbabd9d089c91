#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "common/options.hpp"

// Only programs that link LibTorch see its headers, so this says whether and which.
#if __has_include(<torch/version.h>)
#include <torch/version.h>
#endif

namespace CLI {
class App;
}

namespace terse::tools {

/// An option that said what to do before there were sub-commands.
struct FormerOption {
  std::string_view option;   ///< "--auto"
  std::string_view command;  ///< "evidence"
};

/// What a program is.
struct Tool {
  std::string_view name;     ///< "act-inspect"
  std::string_view summary;  ///< one line, no full stop: begins --help
#ifdef TORCH_VERSION
  std::string_view libtorch = TORCH_VERSION;
#else
  std::string_view libtorch{};  ///< version, or empty where not linked
#endif
  /// The sub-command that a command line without one stands for; empty: there has to be one.
  std::string_view default_command{};
  /// Options of earlier versions that stand for a sub-command in place of the default; the first one given counts.
  std::vector<FormerOption> former_options{};
};

/// run_tool() without the type of the options.
int run_program(const Tool& tool, int argc, char** argv, SharedOptions& shared,
                const std::function<void(CLI::App&)>& define, const std::function<int()>& run);

/// A program from its two parts; main() returns what this returns.
///
///     int main(int argc, char** argv) {
///       return terse::tools::run_tool({"act-inspect", "show what is in an artifact"}, argc, argv, define,
///       run);
///     }
///
/// @tparam Options  has a member `SharedOptions shared`
/// @param define    adds options, positionals and sub-commands to the parser; each with its help text, which
///                  also becomes the manual page's OPTIONS section and the bash completion
/// @param run       does the work; returns the exit status
///
/// The one place that catches: prints `tool: message` to standard error and maps the error to an exit status,
/// as terse::Error says; standard output is flushed and a failure to write it is status 74. --help,
/// --version, --config, -j, -q, -v, --progress and --color are there without being defined. An option after a
/// sub-command may be one of the program itself. SIGPIPE is left as it was found.
template <class Options>
int run_tool(const Tool& tool, int argc, char** argv, void (*define)(CLI::App&, Options&), int (*run)(const Options&)) {
  Options options;
  return run_program(
      tool, argc, argv, options.shared, [&](CLI::App& app) { define(app, options); }, [&] { return run(options); });
}

}  // namespace terse::tools
