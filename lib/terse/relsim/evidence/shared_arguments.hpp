#pragma once

#include <cstdint>
#include <vector>

#include "terse/relsim/counts/count_model.hpp"

namespace terse::relsim {

/// How differently two relations use single entities as heads or as tails: the squared distance of their distributions
/// over entities, over twice the product of their norms, freed of what finite numbers of facts add to it. Speaks only
/// where entities recur; two random parts of one relation differ by 0 on average.
class SharedArguments {
 public:
  explicit SharedArguments(const CountModel& counts);

  /// Of the heads of queries p and q: a relation r < R, or R + r for its tails.
  double difference(std::size_t p, std::size_t q) const { return difference_[p * queries() + q]; }
  /// Standard error of difference() if both are draws from one distribution.
  double noise(std::size_t p, std::size_t q) const;
  std::size_t queries() const { return facts_.size(); }

 private:
  std::vector<double> facts_, square_, norm_;  // square: unbiased squared norm; norm: its root, kept off 0
  std::vector<float> difference_;
};

}  // namespace terse::relsim
