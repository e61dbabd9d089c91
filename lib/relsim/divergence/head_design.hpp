#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace terse::relsim {

/// Which heads to visit, with what probability: a relation that asks for n heads wants each with probability
/// min(1, c·P(h|a)), so that heads that carry much mass are certain and n are expected. A head is visited with the
/// largest probability that any relation asks for, and serves all of them (Poisson sampling, proportional to size).
class HeadDesign {
 public:
  /// @param mass  [R, E] P(h|a), row-major; not copied
  HeadDesign(std::span<const double> mass, std::size_t relations);

  /// Probabilities [E] for requests [R], in heads a relation; 0 asks for nothing. `visited` [E] heads get 0.
  std::vector<double> probabilities(std::span<const double> requests, std::span<const std::uint8_t> visited) const;

 private:
  std::span<const double> row(std::size_t relation) const { return mass_.subspan(relation * entities_, entities_); }

  std::span<const double> mass_;
  std::size_t relations_, entities_;
};

}  // namespace terse::relsim
