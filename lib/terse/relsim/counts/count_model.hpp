#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "terse/relsim/kb/knowledge_base.hpp"

namespace terse::relsim {

/// A distribution over entities: counts on a few of them, the rest shared out as the base distribution says.
/// p(e) = (count(e) + smoothing · base(e)) / (total + smoothing).
struct SparseCounts {
  std::vector<std::int32_t> entity;  ///< ascending
  std::vector<double> count;
  double total = 0;
};

/// P(h,t|q) = P(h|q) P(t|h,q) by counting, each level smoothed by the one below (Dirichlet prior of weight κ):
/// P(t|h,q) = (n(h,q,t) + κ P(t|q)) / (n(h,q) + κ); P(h|q) and P(t|q) = (n + κ base) / (n(q) + κ);
/// base(e) = (2 + occurrences of e) / (2 facts + 2 entities).
/// A query q is a relation r < R or, at R + r, r with heads and tails exchanged, as in FactModel.
class CountModel {
 public:
  /// @param triples    distinct facts
  /// @param smoothing  κ, in facts; above 0
  CountModel(std::span<const Triple> triples, std::int32_t entities, std::int32_t relations, double smoothing);

  std::int32_t relations() const { return static_cast<std::int32_t>(queries_.size() / 2); }
  std::int32_t entities() const { return static_cast<std::int32_t>(base_.size()); }
  double smoothing() const { return smoothing_; }
  double base(std::int32_t entity) const { return base_[static_cast<std::size_t>(entity)]; }

  /// Counts of heads of query q. Tails of q are the heads of its inverse.
  const SparseCounts& heads(std::int32_t q) const { return queries_[static_cast<std::size_t>(q)].heads; }
  const SparseCounts& tails(std::int32_t q) const { return heads(inverse(q)); }
  /// Tails of the facts whose head is heads(q).entity[i], ascending.
  std::span<const std::int32_t> tails_of(std::int32_t q, std::size_t i) const;
  std::int32_t inverse(std::int32_t q) const { return q < relations() ? q + relations() : q - relations(); }

  /// log P(h,t|q). O(log facts).
  double log_probability(std::int32_t q, std::int32_t head, std::int32_t tail) const;

 private:
  struct Query {
    SparseCounts heads;
    std::vector<std::size_t> begin;  // of each head's tails; one more than heads
    std::vector<std::int32_t> tails;
  };
  double smoothed(const SparseCounts& counts, std::int32_t entity) const;

  double smoothing_;
  std::vector<double> base_;
  std::vector<Query> queries_;
};

}  // namespace terse::relsim
