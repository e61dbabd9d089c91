#pragma once

#include <cstdint>

#include "terse/relsim/model/fact_model.hpp"

namespace terse::relsim {

/// The natural parameters u = MLP2(q + e_h) of P(t|h,q) for whole heads, all queries at once. The first layer is linear
/// in q + e_h and tabulated once for queries and once for entities; the other two skip hidden units that are zero.
class TailParameters {
 public:
  /// @param type  at::kFloat or at::kDouble: of the arithmetic and the result
  TailParameters(const FactModel& model, at::ScalarType type);

  /// For heads first … first + count - 1: [count, 2R, dim]. Thread-safe.
  at::Tensor at_heads(std::int64_t first, std::int64_t count) const;

 private:
  at::Tensor dense(std::int64_t first, std::int64_t count) const;
  at::Tensor sparse(std::int64_t first, std::int64_t count) const;

  at::Tensor query_layer_, entity_layer_;  // [2R, hidden] with the bias, [E, hidden]
  at::Tensor weight_[2], bias_[2];         // of the second and third layer, as Mlp has them
};

}  // namespace terse::relsim
