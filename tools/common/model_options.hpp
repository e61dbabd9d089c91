#pragma once

#include <string>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace terse::tools {

/// --model SPEC and --trust-model.
CLI::Option* add_model(CLI::App& app, std::string& model, bool& trust_model);
/// --data SPEC.
CLI::Option* add_data(CLI::App& app, std::string& data);

}  // namespace terse::tools
