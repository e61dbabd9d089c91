#pragma once

#include <optional>
#include <span>
#include <string>

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace terse::tools {

/// What is wrong in a --config FILE, as "FILE:LINE: what"; nullopt where `error` is about the command line or the file
/// as a whole. @param arguments  of the command line
std::optional<std::string> config_error(const CLI::App& app, const CLI::ParseError& error,
                                        std::span<const char* const> arguments);

}  // namespace terse::tools
