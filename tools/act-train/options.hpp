#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/options.hpp"

namespace CLI {
class App;
}

namespace terse::tools::act_train {

/// act-train's command line.
struct Options {
  SharedOptions shared;
  bool output_given = false;
  std::string model, data, profile, init;
  bool trust_model = false;
  std::string level = "L1", policy;
  bool level_given = false, adapt_every_given = false;
  std::uint64_t adapt_every = 100, budget = 0;
  int bits = 0;
  std::optional<bool> entropy;  // none: the level's
  std::string swap, recompute;
  int recompute_slices = 1;
  std::uint64_t swap_memory = 64 << 20;
  std::uint64_t epochs = 1, steps = 0;
  std::int64_t batch = 0;  // 0: the profile's, or 64
  std::string optimizer = "sgd", schedule = "constant";
  double learning_rate = 0, momentum = 0.9, weight_decay = 0;
  std::uint64_t warmup = 0;
  std::string checkpoint;
  std::uint64_t checkpoint_every = 0;
  bool resume = false;
  std::string dump;
  std::uint64_t dump_step = 0;
  bool dump_exact = false;
  std::string metrics;
  bool evaluate = true;
  bool allocator = true;
  std::string search;
  std::uint64_t limit = 0;
};

void define(CLI::App& app, Options& options);

/// Trains and writes what was asked for.
int run(const Options& options);

}  // namespace terse::tools::act_train
