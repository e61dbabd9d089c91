#include "terse/learn/compression_choice.hpp"

#include "terse/act/bits/precision.hpp"
#include "terse/core/error.hpp"

namespace terse::learn {

bool CompressionChoice::wanted() const { return bits > 0 ? bits < act::kKeptBits : level != act::Level::L0; }

bool CompressionChoice::adapts() const { return bits == 0 && act::average_bits(level) > 0; }

void CompressionChoice::add_to(formats::Value::Map& options) const {
  options["level"] = act::to_string(level);
  options["bits"] = bits;
  options["budget"] = budget;
  options["adapt_every"] = adapt_every;
}

act::CompressionOptions CompressionChoice::steps() const {
  act::CompressionOptions options;
  options.as_rounded = as_rounded;
  options.level = level;
  options.bits = bits;
  options.bits_of = bits_of;
  options.group = group;
  options.entropy = entropy.value_or(bits == 0 && budget == 0 && act::codes_entropy(level));
  options.seed = seed;
  options.small_bytes = small_bytes;
  options.swap = swap;
  return options;
}

void check(const CompressionChoice& choice) {
  if (choice.budget > 0 && !choice.adapts()) {
    throw Error(Error::Usage, "a budget needs an adaptive level: L2, L2.1 or L2.2");
  }
}

std::vector<std::string> level_names() {
  std::vector<std::string> names;
  for (auto level = act::Level::L0; level <= act::Level::L2_2;
       level = static_cast<act::Level>(static_cast<int>(level) + 1)) {
    names.emplace_back(act::to_string(level));
  }
  return names;
}

std::vector<std::string> level_names_beside_swap() {
  auto names = level_names();
  names.insert(names.end(), {"L3", "swap", "L4bit-swap"});
  return names;
}

}  // namespace terse::learn
