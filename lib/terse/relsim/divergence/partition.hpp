#pragma once

#include <memory>

#include "terse/act/tensor/torch.hpp"
#include "terse/relsim/kernels/packed_table.hpp"

namespace terse::relsim {

/// What an exponential family p(t) ∝ exp(u·e_t) over the rows of a table says at each of n natural parameters u.
struct Partition {
  at::Tensor log_z;  ///< [n] log of the sum of exp(u·e_t)
  at::Tensor mean;   ///< [n, dim] Σ p(t) e_t; not set where not asked for
};

/// `values` as products with that rounding take them, in their own type.
at::Tensor rounded(const at::Tensor& values, Rounding rounding);

/// A table of entities, ready for partition functions.
class EntityTable {
 public:
  EntityTable() = default;
  /// @param table  [E, dim], contiguous, float32 (packed_table.hpp) or float64 (blocks of products)
  /// @param log_weights  [E] of the same type: p(t) ∝ exp(u·e_t + log_weights[t]); all 0 where not set
  /// @param rounding  of float32 products
  explicit EntityTable(at::Tensor table, at::Tensor log_weights = {}, Rounding rounding = Rounding::None);

  const at::Tensor& values() const { return table_; }
  /// At each row of `u`, [n, dim] of the table's type, without ever holding n × E values. Thread-safe.
  Partition partition(const at::Tensor& u, bool with_mean) const;

 private:
  at::Tensor table_, log_weights_;
  std::shared_ptr<const PackedTable> packed_;
};

}  // namespace terse::relsim
