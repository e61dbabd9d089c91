#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "terse/relsim/counts/count_model.hpp"
#include "terse/relsim/kb/knowledge_base.hpp"
#include "terse/relsim/ranking/relation_scorer.hpp"

namespace terse::relsim {

/// Relations by smoothed counts: log P(r) P(h|r) P(t|r), with P(r) = (n(r) + 1) / (facts + R) and
/// P(e|r) = (n(e,r) + κ base(e)) / (n(r) + κ), base(e) = (1 + occurrences of e) / (2 facts + entities).
class CountScorer : public RelationScorer {
 public:
  /// @param triples    distinct facts
  /// @param smoothing  κ, in facts; above 0
  CountScorer(std::span<const Triple> triples, std::int32_t entities, std::int32_t relations, double smoothing);

  void score(std::int32_t head, std::span<const std::int32_t> tails, std::span<double> scores) const override;
  std::int32_t relations() const override { return static_cast<std::int32_t>(prior_.size()); }

 private:
  /// Counts of one role, head or tail: by entity, the relations it has there.
  struct Role {
    std::vector<std::size_t> begin;  // [E + 1]
    std::vector<std::int32_t> relation;
    std::vector<double> count;
  };
  Role count_role(std::span<const Triple> triples, std::int32_t Triple::*member) const;
  /// Adds log P(entity|r) for every r.
  void add(const Role& role, std::int32_t entity, std::span<double> scores) const;

  double smoothing_;
  std::vector<double> prior_, log_total_;  // [R]; log of n(r) + κ
  std::vector<double> base_;               // [E]
  Role heads_, tails_;
};

/// Relations by a counting model's log P(r) + log P(h|r) + log P(t|h,r) (count_model.hpp), P(r) as above.
class CountModelScorer : public RelationScorer {
 public:
  /// @param counts  facts of each relation, [R]
  CountModelScorer(CountModel model, std::span<const std::int64_t> counts);
  void score(std::int32_t head, std::span<const std::int32_t> tails, std::span<double> scores) const override;
  std::int32_t relations() const override { return model_.relations(); }

 private:
  CountModel model_;
  std::vector<double> prior_;
};

}  // namespace terse::relsim
