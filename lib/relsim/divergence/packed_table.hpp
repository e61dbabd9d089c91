#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "terse/relsim/model/pair_product.hpp"

namespace terse::relsim {

/// An entity table laid out for partition functions: panels of 64 entities, each once by dimension for logits and once
/// by entity for means.
///
/// What a general product and softmax would do in several passes over queries × entities happens here while 6 × 64
/// logits lie in registers and the nearest cache: product, exponential, sum, weighted sum of the table's rows. Compiled
/// for every SIMD target and chosen at run time (Highway).
class PackedTable {
 public:
  static constexpr std::size_t kPanel = 64;

  /// @param table     [entities, dim], row-major; copied
  /// @param rounding  Bfloat16: the partition functions are those of a slightly different table, in half the time
  PackedTable(const float* table, std::size_t entities, std::size_t dim, Rounding rounding = Rounding::None);

  /// At each of n natural parameters u: log of Σ_t exp(u·e_t), and Σ_t p(t) e_t.
  /// @param u      [n, dim]
  /// @param log_z  [n]
  /// @param mean   [n, dim], or null where not wanted
  /// Sums are gathered in float64 every few panels; a row's result does not depend on the others. Thread-safe.
  void partition(const float* u, std::size_t n, float* log_z, float* mean) const;

  std::size_t entities() const { return entities_; }
  std::size_t dim() const { return dim_; }
  std::size_t padded_dim() const { return padded_dim_; }
  Rounding rounding() const { return rounding_; }
  std::size_t panels() const { return (entities_ + kPanel - 1) / kPanel; }
  const float* by_dimension(std::size_t panel) const { return by_dimension_.data() + panel * kPanel * dim_; }
  const float* by_entity(std::size_t panel) const { return by_entity_.data() + panel * kPanel * padded_dim_; }
  /// With Bfloat16, in their place: pairs of dimensions k and pairs() + k, and of entities e and 32 + e.
  std::size_t pairs() const { return (dim_ + 1) / 2; }
  const std::uint32_t* pairs_by_dimension(std::size_t panel) const {
    return pair_by_dimension_.data() + panel * kPanel * pairs();
  }
  const std::uint32_t* pairs_by_entity(std::size_t panel) const {
    return pair_by_entity_.data() + panel * kPanel / 2 * padded_dim_;
  }

 private:
  std::size_t entities_, dim_, padded_dim_;
  Rounding rounding_;
  std::vector<float> by_dimension_;  // [panels, dim, 64], zero beyond the last entity
  std::vector<float> by_entity_;     // [panels, 64, padded_dim]
  std::vector<std::uint32_t> pair_by_dimension_, pair_by_entity_;  // [panels, pairs, 64], [panels, 32, padded_dim]
};

}  // namespace terse::relsim
