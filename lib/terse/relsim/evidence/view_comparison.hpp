#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "terse/relsim/evidence/fact_view.hpp"

namespace terse::relsim {

/// How different the facts of any two relations look in a view. A relation is the mean of head ⊗ tail over its facts
/// (the embedding of P(head, tail | relation) for the kernel ⟨h,h'⟩⟨t,t'⟩); the difference of two relations is their
/// squared distance over twice the product of their norms, 1 - cosine where the norms agree, freed of what the finite
/// numbers of facts add to it. Two random parts of one relation differ by 0 on average.
/// Source: maximum mean discrepancy, Gretton et al., JMLR 2012, unbiased estimate.
class ViewComparison {
 public:
  /// @param triples  the facts that `view` describes
  /// @param all_pairs  compare all pairs; otherwise only relation r with relation R/2 + r, for r < R/2
  ViewComparison(const FactView& view, std::span<const Triple> triples, std::int32_t relations, bool all_pairs = true);

  std::size_t relations() const { return facts_.size(); }
  /// Difference of a and b as they stand or with heads and tails of b swapped; of a and itself swapped.
  double difference(std::size_t a, std::size_t b, bool swapped) const {
    return difference_[swapped][a * relations() + b];
  }
  /// Standard error of difference() if a and b are the same. Taken from the facts' spread, and set right by what
  /// random halves of relations differ by: the null of shuffled facts.
  double noise(std::size_t a, std::size_t b, bool swapped) const;
  /// Facts of relation r.
  double facts(std::size_t r) const { return facts_[r]; }

 private:
  void measure(const FactView& view, std::span<const Triple> triples);
  void compare();
  void compare_halves();
  void calibrate();

  std::size_t size_ = 0;                // elements of a relation's matrix
  std::vector<float> mean_, turned_;    // [R, size]: head ⊗ tail, and transposed
  std::vector<double> facts_, spread_;  // [R]; spread: expected squared error of the mean
  std::vector<double> noise_spread_;    // [R] the same, shy of estimates from a few facts
  std::vector<double> norm_, own_swapped_spread_;
  std::vector<double>
      half_difference_;               // [R] of two random halves, in units of its expected squared error; NaN: too few
  std::vector<float> difference_[2];  // [R, R]
  double noise_factor_ = 1;
};

}  // namespace terse::relsim
