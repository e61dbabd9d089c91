#pragma once

#include <memory>
#include <span>
#include <vector>

#include "terse/relsim/kb/pair_index.hpp"
#include "terse/relsim/ranking/relation_scorer.hpp"

namespace terse::relsim {

/// Several scorers as one: P(r|h,t) ∝ exp(Σ_k w_k s_k(h,r,t) + b_r), weights and biases learned.
class ScorerMixture : public RelationScorer {
 public:
  /// @param scorers  outlive this; of the same relations
  /// @param weights  one a scorer
  /// @param biases   [R]
  ScorerMixture(std::vector<const RelationScorer*> scorers, std::vector<double> weights, std::vector<double> biases);

  void score(std::int32_t head, std::span<const std::int32_t> tails, std::span<double> scores) const override;
  std::int32_t relations() const override { return scorers_.front()->relations(); }
  std::span<const double> weights() const { return weights_; }

 private:
  std::vector<const RelationScorer*> scorers_;
  std::vector<double> weights_, biases_;
};

struct MixtureOptions {
  bool learn_weights = true;  ///< else all are 1
  bool learn_biases = true;   ///< else all are 0
  double prior = 10;          ///< how many facts of a relation it takes to move its bias halfway
};

/// Learns a mixture from `facts`, which none of the scorers may have learned from: weights by Newton's method and
/// biases by iterative scaling, in turns, that make the facts' relations most likely among those that are not known to
/// hold. Facts beyond 2^25 / (R · scorers) are left out, evenly. The same for any number of threads.
/// @param known  every fact that holds, those of `facts` included
/// @throws Error::Usage where there are no facts
ScorerMixture learn_mixture(std::vector<const RelationScorer*> scorers, std::span<const Triple> facts,
                            const PairIndex& known, const MixtureOptions& options = {});

}  // namespace terse::relsim
