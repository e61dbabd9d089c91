#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "terse/train/data/data.hpp"

namespace terse::train {

/// The batches of a run as a pure function of the step: each epoch goes through the examples in a new order
/// (learn::shuffled()), and what is left over after the last whole batch sits out. So a resumed run needs the step
/// alone.
class BatchStream {
 public:
  /// @throws Error::Usage where the data have fewer examples than a batch (a graph, being one, is exempt)
  BatchStream(const DataSet& data, std::int64_t batch, std::uint64_t seed);

  std::uint64_t steps_per_epoch() const { return steps_per_epoch_; }
  /// @param step  number of steps done before, from 0
  Batch take(std::uint64_t step);

 private:
  const DataSet& data_;
  std::int64_t batch_;
  std::uint64_t seed_, steps_per_epoch_;
  std::optional<std::uint64_t> epoch_;  // that order_ belongs to
  std::vector<std::int64_t> order_;
};

}  // namespace terse::train
