#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace terse::relsim {

/// How relations that want the same head share it: it is visited with the largest probability that any of them wants,
/// so that no relation gets fewer heads than it asks for and few get more; or with the sum, at most 1, which favours
/// heads that serve many. For as many heads visited in all, the sum leaves 15 to 25 % less error over all pairs
/// (FB15k-237, 350 to 2,000 heads), and about as much for the relation that fares worst.
enum class HeadSharing { Largest, Sum };

/// Which heads to visit, with what probability: a relation that asks for n heads wants each with probability
/// min(1, c·P(h|a)), so that heads that carry much mass are certain and n are expected. A head that is visited serves
/// all relations (Poisson sampling, proportional to size).
class HeadDesign {
 public:
  /// @param mass  [R, E] P(h|a), row-major; not copied
  HeadDesign(std::span<const double> mass, std::size_t relations, HeadSharing sharing = HeadSharing::Largest);

  /// Probabilities [E] for requests [R], in heads a relation; 0 asks for nothing. `visited` [E] heads get 0.
  std::vector<double> probabilities(std::span<const double> requests, std::span<const std::uint8_t> visited) const;

 private:
  std::span<const double> row(std::size_t relation) const { return mass_.subspan(relation * entities_, entities_); }

  std::span<const double> mass_;
  std::size_t relations_, entities_;
  HeadSharing sharing_;
};

}  // namespace terse::relsim
