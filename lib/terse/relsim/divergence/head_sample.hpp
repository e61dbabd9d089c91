#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace terse::relsim {

/// Sums over heads of a sample, each [R, Q]: of divergences D_h(a,q) with the weights that HeadSample gives them.
struct HeadSums {
  std::vector<double> all;             ///< Σ P(h|a) D over the whole sample
  std::vector<double> certain;         ///< the same over heads of probability 1
  std::vector<double> drawn;           ///< Σ w D over the others
  std::vector<double> linear, square;  ///< Σ c D and Σ c D² over the others, c the variance's weights

  struct Element {
    double drawn, linear, square, certain;
  };
  void resize(std::size_t elements);
  void add(const HeadSums& other);
  Element at(std::size_t i) const { return {drawn[i], linear[i], square[i], certain[i]}; }
};

/// Heads drawn with known probabilities, each on its own (Poisson sampling), and what they say of the heads not drawn.
class HeadSample {
 public:
  /// @param mass     [R, E] P(h|a), row-major; not copied
  /// @param visited  [E] heads that are not part of the population; not copied
  HeadSample(std::span<const double> mass, std::size_t relations, std::span<const std::uint8_t> visited);

  /// Adds a head that was drawn with `probability`, in (0, 1].
  void add(std::int64_t head, double probability);
  /// To be called once after the last add().
  void weigh();

  std::span<const std::int64_t> heads() const { return heads_; }
  /// Adds divergences [R, Q] at heads()[i]. Thread-safe for different `sums`.
  void accumulate(std::size_t i, const double* divergence, std::size_t queries, HeadSums& sums) const;

  struct Estimate {
    double value = 0, variance = 0;
    double freedom = kExact;    ///< degrees of freedom of Student's t that the variance leaves
    double half_width() const;  ///< of the 95 % interval
  };
  static constexpr double kExact = 1e9;
  /// What two estimates drawn on their own add up to; degrees of freedom are Welch's.
  static Estimate sum(const Estimate& a, const Estimate& b);
  /// How sure a relation's estimates are by the design alone, whatever D: 1 / Σ c, infinite where nothing is left to
  /// estimate and 0 where no two heads were drawn.
  double precision(std::size_t relation) const;
  double freedom(std::size_t relation) const { return relations_[relation].freedom; }
  /// Σ P(h|a) D over the population without its certain heads.
  Estimate estimate(std::size_t relation, const HeadSums::Element& sums) const;

 private:
  struct Relation {
    double rest = 0;     // mass of the population without certain heads
    double certain = 0;  // mass of these
    double weight = 0;   // Σ w = Σ P/π over heads drawn
    double square = 0;   // Σ c
    // The variance that all masses together say, those of heads not drawn as well, over what the drawn ones'
    // probabilities say: a sample that by chance holds no head that was unlikely to be drawn would seem certain.
    double scale = 1;
    double freedom = kExact;  // of Student's t
    std::size_t drawn = 0;
  };
  double mass(std::size_t relation, std::int64_t head) const {
    return mass_[relation * entities_ + static_cast<std::size_t>(head)];
  }
  /// Of heads()[i], drawn: its share of the weight; what its squared residual counts for in the variance by its
  /// probability alone, and c, by `scale` and leverage as well.
  double share(std::size_t relation, std::size_t i) const;
  double design_variance(std::size_t relation, std::size_t i) const;
  double variance_weight(std::size_t relation, std::size_t i) const;
  /// @param known  [E] heads visited or drawn
  void weigh(std::size_t relation, std::span<const std::uint8_t> known);

  std::span<const double> mass_;
  std::span<const std::uint8_t> visited_;
  std::size_t entities_;
  std::vector<std::int64_t> heads_;
  std::vector<double> probability_;
  std::vector<Relation> relations_;
};

}  // namespace terse::relsim
