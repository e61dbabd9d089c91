#pragma once

#include <cstdint>
#include <span>

#include "terse/relsim/divergence/partition.hpp"
#include "terse/relsim/facts/fact_model.hpp"

namespace terse::relsim {

/// The natural parameters u = MLP2(q + e_h) of P(t|h,q) for whole heads, all queries at once. The first layer is linear
/// in q + e_h: computed once for each query, and once for each head; the other two skip hidden units that are zero.
class TailParameters {
 public:
  /// @param queries  only queries 0 … queries - 1: 2R, or R where inverses are not asked for
  /// @param type      at::kFloat or at::kDouble: of the arithmetic and the result
  /// @param rounding  of the result
  TailParameters(const FactModel& model, std::int64_t queries, at::ScalarType type, Rounding rounding = Rounding::None);

  /// [heads, queries, dim]. Thread-safe.
  at::Tensor at_heads(std::span<const std::int64_t> heads) const;

 private:
  at::Tensor dense(std::span<const std::int64_t> heads) const;
  at::Tensor sparse(std::span<const std::int64_t> heads) const;

  /// The heads' part of the first layer, [heads, hidden].
  at::Tensor entity_layer(std::span<const std::int64_t> heads) const;

  at::Tensor first_, entity_;  // [dim, hidden] float64, the first weight; the model's [E, dim]
  at::Tensor query_layer_;     // [queries, hidden] with the bias
  Rounding rounding_;
  at::Tensor weight_[2], bias_[2];  // of the second and third layer, as Mlp has them
};

}  // namespace terse::relsim
