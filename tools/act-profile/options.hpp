#pragma once

#include <cstdint>
#include <string>

#include "common/options.hpp"

namespace CLI {
class App;
}

namespace terse::tools::act_profile {

/// act-profile's command line.
struct Options {
  SharedOptions shared;
  std::string model, data;
  bool trust_model = false;
  std::int64_t batch = 0;  ///< 0: 64, or 256 observations of a fact model
  std::string optimizer = "sgd";
  std::string sensitivity = "none";
  std::string plan, level = "L2";
  std::uint64_t draws = 2, timed_steps = 0;
};

void define(CLI::App& app, Options& options);
int run(const Options& options);

}  // namespace terse::tools::act_profile
