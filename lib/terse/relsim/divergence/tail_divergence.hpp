#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "terse/relsim/divergence/partition.hpp"
#include "terse/relsim/divergence/tail_parameters.hpp"
#include "terse/relsim/facts/fact_model.hpp"
#include "terse/relsim/ranking/divergences.hpp"

namespace terse::relsim {

/// The two parts of the divergence between relation a and query q of a fact model (fact_model.hpp):
/// KL(a‖q) = KL(P(h|a)‖P(h|q)) + Σ_h P(h|a) D_h(a,q), with D_h(a,q) = KL(P(t|h,a)‖P(t|h,q)).
///
/// Each conditional is an exponential family in the entity table: with u its natural parameter and ē its mean,
/// D = (u_a - u_q)·ē_a - log Z_a + log Z_q. So one head costs one partition function a query, and all pairs one
/// product. Source: identity of exponential families; the model is ACL 2019's (arXiv 1907.08937), which samples
/// instead.
class TailDivergence {
 public:
  /// @param swapped  queries are relations and their inverses, else relations alone
  TailDivergence(const FactModel& model, bool swapped, Precision precision);

  std::int64_t relations() const { return shape_.relations; }
  std::int64_t queries() const { return queries_; }  ///< Q: 2R or R
  std::int64_t entities() const { return shape_.entities; }
  bool is_double() const { return precision_ == Precision::Double; }
  Precision precision() const { return precision_; }  ///< not Auto

  /// log P(h|q) for heads first … first + count - 1, [Q, count] float64.
  at::Tensor log_head(std::int64_t first, std::int64_t count) const;
  /// KL(P(h|a)‖P(h|q)), [R, Q] float64, exact.
  at::Tensor head_divergence() const;

  /// What the divergences at some heads are made of.
  struct Terms {
    at::Tensor u;      ///< [heads, Q, dim], less each head's mean: only differences count, and small ones cancel less
    at::Tensor mean;   ///< [heads, R, dim] ē_a
    at::Tensor own;    ///< [heads, R] u_a·ē_a - log Z_a, float64
    at::Tensor log_z;  ///< [heads, Q] float64
  };
  Terms at_heads(std::span<const std::int64_t> heads) const;  ///< thread-safe
  /// The same from natural parameters [heads, Q, dim] (parameters()), with tails from `table`: table(), or a weighted
  /// part of it (entity_sample.hpp). Thread-safe.
  Terms terms(const at::Tensor& u, const EntityTable& table) const;
  /// D_h(a,q), [heads, R, Q] float64, not below zero.
  at::Tensor divergence(const Terms& terms) const;

  const TailParameters& parameters() const { return *tail_; }
  const EntityTable& table() const { return table_; }  ///< centred: a shift changes no distribution, and cancels less

 private:
  FactModelShape shape_;
  std::int64_t queries_;
  Precision precision_;
  EntityTable table_, table_double_;
  at::Tensor head_u_, head_log_z_;  // [Q, dim], [Q], float64
  std::unique_ptr<TailParameters> tail_;
};

}  // namespace terse::relsim
