#include "terse/learn/run_identity.hpp"

#include <xxhash.h>

#include <algorithm>
#include <cstdio>
#include <utility>
#include <vector>

#include "terse/core/error.hpp"

namespace terse::learn {

namespace {

/// Name and text of everything that must be equal, in the order in which a difference is reported.
std::vector<std::pair<std::string, std::string>> fingerprint(const formats::CheckpointInfo& info, std::uint64_t seed) {
  std::vector<std::pair<std::string, std::string>> list;
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) list.emplace_back(name, value);
  };
  add("model", info.model);
  add("model file", info.program_digest);
  add("seed", std::to_string(seed));
  add("data", info.data);
  add("content of the data", info.data_digest);
  add("optimizer", info.optimizer);
  add("schedule", info.scheduler);
  add("threads", std::to_string(info.threads));
  for (const auto* group : {&info.hyperparameters, &info.scheduler_state, &info.compression, &info.options}) {
    for (const auto& [key, value] : group->as_map()) list.emplace_back(key, formats::to_json(value));
  }
  return list;
}

}  // namespace

void expect_same_run(const formats::CheckpointInfo& saved, std::uint64_t saved_seed,
                     const formats::CheckpointInfo& present, std::uint64_t seed, const std::string& file) {
  const auto then = fingerprint(saved, saved_seed), now = fingerprint(present, seed);
  const auto value_in = [](const auto& list, const std::string& name) {
    const auto found = std::find_if(list.begin(), list.end(), [&](const auto& one) { return one.first == name; });
    return found == list.end() ? std::string("unset") : found->second;
  };
  for (const auto& list : {now, then}) {
    for (const auto& [name, value] : list) {
      const auto before = value_in(then, name), here = value_in(now, name);
      if (before == here) continue;
      throw Error(Error::Usage, file + ": was saved with " + name + " " + before + ", this run has " +
                                    (here == "unset" ? "none" : here));
    }
  }
}

void DataDigest::add(std::span<const std::byte> content) {
  hash_ = XXH3_64bits_withSeed(content.data(), content.size(), hash_);
}

std::string DataDigest::text() const {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash_));
  return text;
}

}  // namespace terse::learn
