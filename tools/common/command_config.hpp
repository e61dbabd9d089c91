#pragma once

#include <CLI/CLI.hpp>

namespace terse::tools {

/// Reads --config files. An option outside of all sections that the program itself does not have is one of the
/// sub-command that the command line chose.
class CommandConfig : public CLI::ConfigBase {
 public:
  /// @param app  outlives this
  explicit CommandConfig(const CLI::App& app) : app_(app) {}

  std::vector<CLI::ConfigItem> from_config(std::istream& input) const override {
    auto items = CLI::ConfigBase::from_config(input);
    const auto chosen = app_.get_subcommands();
    if (chosen.empty()) return items;
    for (auto& item : items) {
      const std::string name = "--" + item.name;
      const bool is_of_command =
          app_.get_option_no_throw(name) == nullptr && chosen.front()->get_option_no_throw(name) != nullptr;
      if (item.parents.empty() && is_of_command) item.parents = {chosen.front()->get_name()};
    }
    return items;
  }

 private:
  const CLI::App& app_;
};

}  // namespace terse::tools
