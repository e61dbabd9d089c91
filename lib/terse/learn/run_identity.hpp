#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "terse/formats/kinds/checkpoint.hpp"

namespace terse::learn {

/// Whether a checkpoint is of the run that would go on from it: all that decides which numbers the run computes is
/// equal. That is the model, the data, the seed, the optimizer, the schedule, the thread count and the options that
/// `present` names. How long a run is to go on (more epochs, another patience) is not among them.
/// @param saved, saved_seed  of the checkpoint; the seed is in its header
/// @param present            as this run would write it; steps, metrics and bits are not looked at
/// @param file               for messages
/// @throws Error::Usage naming the first thing that differs, and both values
void expect_same_run(const formats::CheckpointInfo& saved, std::uint64_t saved_seed,
                     const formats::CheckpointInfo& present, std::uint64_t seed, const std::string& file);

/// A chained hash (xxh3, 64 bits) of what a run learns from: CheckpointInfo::data_digest of a loop that reads no data
/// set of train/data.
class DataDigest {
 public:
  void add(std::span<const std::byte> content);
  std::string text() const;  ///< 16 hexadecimal digits

 private:
  std::uint64_t hash_ = 0;
};

}  // namespace terse::learn
