#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "terse/relsim/divergence/partition.hpp"
#include "terse/relsim/divergence/tail_parameters.hpp"
#include "terse/relsim/facts/count_mixture.hpp"
#include "terse/relsim/facts/fact_model.hpp"
#include "terse/relsim/ranking/relation_scorer.hpp"

namespace terse::relsim {

/// What a fact model is mixed with.
struct MixedCounts {
  CountMixture mixture;
  RoleCounts counts;
};

/// Relations by a fact model: log P(r) + log P(h|r) + log P(t|h,r), exact, the model's own or mixed with counts. One
/// partition function over all entities a head and relation: facts of one head are scored together.
class FactScorer : public RelationScorer {
 public:
  /// @param counts  facts of each relation, [R]: P(r) = (count + 1) / (facts + R)
  FactScorer(const FactModel& model, std::span<const std::int64_t> counts, std::optional<MixedCounts> mixed = {});

  void score(std::int32_t head, std::span<const std::int32_t> tails, std::span<double> scores) const override;
  std::int32_t relations() const override { return static_cast<std::int32_t>(prior_.size()); }

 private:
  std::vector<double> prior_;  // log P(r)
  std::vector<double> head_log_z_;
  std::optional<MixedCounts> mixed_;
  EntityTable table_;  // centred: a shift changes no distribution, and cancels less
  at::Tensor head_u_;  // [R, dim] natural parameters of P(h|r)
  std::unique_ptr<TailParameters> tail_;
};

}  // namespace terse::relsim
