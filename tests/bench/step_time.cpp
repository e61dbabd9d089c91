// Time of a training step at one level against another, interleaved in one process:
//   step_time [MODEL [DATA [BATCH [LEVEL_A [LEVEL_B [PAIRS [SWAP_DIR [RECOMPUTE]]]]]]]]
// A level with +entropy codes as act-train --entropy does. Levels L3, swap and L4bit-swap keep their saved tensors in
// SWAP_DIR; LEVEL_B recomputes the parts RECOMPUTE. Prints both medians, their ratio, the median of the pairs' ratios,
// and what the steps saved and allocated.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "terse/act/memory/allocator.hpp"
#include "terse/act/memory/swapper.hpp"
#include "terse/core/error.hpp"
#include "terse/core/median.hpp"
#include "terse/train/loop/trainer.hpp"

namespace {

using terse::core::median;
using terse::train::StepFigures;
using terse::train::Trainer;

constexpr int kWarmUp = 2;
constexpr std::string_view kEntropy = "+entropy";

terse::train::TrainOptions options_for(const std::vector<std::string>& arguments, std::string level,
                                       const std::string& recompute = {}) {
  terse::train::TrainOptions options;
  options.model = terse::train::parse_spec(arguments[0], "model");
  options.data = terse::train::parse_spec(arguments[1], "data");
  options.batch = std::stoll(arguments[2]);
  options.learning_rate = 1e-3;
  options.recompute = recompute;
  if (level.ends_with(kEntropy)) {
    options.compression.entropy = true;
    level.resize(level.size() - kEntropy.size());
  } else {
    options.compression.entropy = false;
  }
  bool swaps = false;
  options.compression.level = terse::act::level_from_string(terse::act::level_beside_swap(level, swaps));
  if (swaps) options.compression.swap = terse::act::open_swap_store({.directory = arguments[6]});
  return options;
}

void report(const std::string& level, const std::vector<double>& seconds, const StepFigures& figures) {
  std::printf("%-10s median %.4f s, saved for backward %.1f MB (%.1f MB exact), peak allocated in the step %.1f MB\n",
              level.c_str(), median(seconds), 1e-6 * double(figures.compression.stored_bytes),
              1e-6 * double(figures.compression.exact_bytes), 1e-6 * double(figures.peak_allocated_bytes));
  if (const auto& swap = figures.compression.swap) {
    std::printf("%-10s swapped %.1f MB a step, waited %.4f s in the last\n", level.c_str(),
                1e-6 * double(swap->swapped_bytes), swap->wait_seconds);
  }
}

int measure(const std::vector<std::string>& arguments) {
  terse::act::install_allocator();
  Trainer a(options_for(arguments, arguments[3])), b(options_for(arguments, arguments[4], arguments[7]));
  const int pairs = std::stoi(arguments[5]);
  StepFigures last_a, last_b;
  std::vector<double> seconds_a, seconds_b, ratios;
  for (int i = -kWarmUp; i < pairs; ++i) {
    last_a = a.step();
    last_b = b.step();
    if (i < 0) continue;
    seconds_a.push_back(last_a.seconds);
    seconds_b.push_back(last_b.seconds);
    ratios.push_back(last_b.seconds / last_a.seconds);
  }
  report(arguments[3], seconds_a, last_a);
  report(arguments[4], seconds_b, last_b);
  std::printf("%s / %s: ratio of medians %.3f, median of %d ratios %.3f\n", arguments[4].c_str(), arguments[3].c_str(),
              median(seconds_b) / median(seconds_a), pairs, median(ratios));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> arguments{"resnet50:classes=1000", "random:3x128x128", "16", "L0", "L1", "15", ".", ""};
  for (int i = 1; i < argc && i <= int(arguments.size()); ++i) arguments[i - 1] = argv[i];
  try {
    return measure(arguments);
  } catch (const terse::Error& error) {
    std::fprintf(stderr, "step_time: %s\n", error.what());
    return error.exit_code();
  }
}
