#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "terse/relsim/kernels/pair_product.hpp"

namespace terse::relsim {

/// What PackedTable::partition weighs entities by in its sums, for later sums: exp(u·e - shift), in bfloat16.
struct HeldWeights {
  std::size_t rows = 0;              ///< in sixes
  std::vector<std::uint32_t> words;  ///< [panels, rows, 32] pairs of entities e and 32 + e
  std::vector<float> shifts;         ///< [panels, rows] as they were in that panel; the last panel's are the sums'
};

/// Rows of natural parameters, laid out for the sums that softmaxes over a PackedTable weigh (add_weighted_rows).
struct PackedRows {
  std::size_t n = 0;
  std::vector<float> shifts;  // [n in sixes] what is subtracted from logits
  std::vector<float> floats;  // [n in sixes, padded_dim], zero beyond the last
  std::vector<std::uint32_t>
      pairs_of_rows;  // with Bfloat16, in their place: [n in sixes / 2, padded_dim] of rows 2i and 2i + 1
};

/// An entity table laid out for partition functions: panels of 64 entities, each once by dimension for logits and once
/// by entity for means.
///
/// What a general product and softmax would do in several passes over queries × entities happens here while 6 × 64
/// logits lie in registers and the nearest cache: product, exponential, sum, weighted sum of the table's rows. Compiled
/// for every SIMD target and chosen at run time (Highway).
class PackedTable {
 public:
  static constexpr std::size_t kPanel = 64;
  static constexpr std::size_t kQuarter =
      4;  ///< up to so many dimensions beyond whole vectors do not fill one with zeros

  /// @param table     [entities, dim], row-major; copied
  /// @param rounding  Bfloat16: the partition functions are those of a slightly different table, in half the time
  PackedTable(const float* table, std::size_t entities, std::size_t dim, Rounding rounding = Rounding::None);
  /// Room for a table whose panels pack() is still to fill.
  PackedTable(std::size_t entities, std::size_t dim, Rounding rounding);
  /// Copies panels begin … end - 1 of `table`, [entities, dim]. Other panels may be copied on other threads.
  void pack(const float* table, std::size_t begin, std::size_t end);

  /// At each of n natural parameters u: log of Σ_t exp(u·e_t), and Σ_t p(t) e_t.
  /// @param u      [n, dim]
  /// @param log_z  [n]
  /// @param mean   [n, dim], or null where not wanted
  /// @param held   with Bfloat16 and means: takes the weights, those of these rows from row `first` on, a multiple of
  /// six Sums are gathered in float64 every few panels; a row's result does not depend on the others. Thread-safe.
  void partition(const float* u, std::size_t n, float* log_z, float* mean, HeldWeights* held = nullptr,
                 std::size_t first = 0) const;
  /// Makes room for the weights of n rows.
  void hold(std::size_t n, HeldWeights& held) const;

  /// Rows for add_weighted_rows. @param log_weights  [n] of row i's softmax, less its log Z
  /// @param held  with Bfloat16, what partition() held of these rows
  PackedRows pack_rows(const float* u, const float* log_weights, std::size_t n, const HeldWeights& held = {}) const;
  /// sums[e, :] += Σ_i exp(u_i·e + log_weights[i]) u_i for the entities e of a panel: what the gradient of Σ_i log Z_i
  /// in the table is made of. In float32 the logits are computed once more, and nothing is held. Thread-safe.
  /// @param sums  [64, padded_dim]; rows beyond the last entity stay as they are
  void add_weighted_rows(std::size_t panel, const PackedRows& rows, float* sums, const HeldWeights& held = {}) const;

  std::size_t entities() const { return entities_; }
  std::size_t dim() const { return dim_; }
  std::size_t padded_dim() const { return padded_dim_; }
  /// Dimensions that lie in whole vectors by entity; the kQuarter after them, if any, lie apart.
  std::size_t whole_dim() const { return whole_dim_; }
  Rounding rounding() const { return rounding_; }
  std::size_t panels() const { return (entities_ + kPanel - 1) / kPanel; }
  const float* by_dimension(std::size_t panel) const { return by_dimension_.data() + panel * kPanel * dim_; }
  const float* by_entity(std::size_t panel) const { return by_entity_.data() + panel * kPanel * entity_width(); }
  /// With Bfloat16, in their place: pairs of dimensions k and pairs() + k, and of entities e and 32 + e.
  std::size_t pairs() const { return (dim_ + 1) / 2; }
  const std::uint32_t* pairs_by_dimension(std::size_t panel) const {
    return pair_by_dimension_.data() + panel * kPanel * pairs();
  }
  const std::uint32_t* pairs_by_entity(std::size_t panel) const {
    return pair_by_entity_.data() + panel * kPanel / 2 * entity_width();
  }

 private:
  std::size_t entity_width() const { return whole_dim_ == padded_dim_ ? whole_dim_ : whole_dim_ + kQuarter; }

  std::size_t entities_, dim_, padded_dim_, whole_dim_;
  Rounding rounding_;
  std::vector<float> by_dimension_;                                // [panels, dim, 64], zero beyond the last entity
  std::vector<float> by_entity_;                                   // [panels]: [64, whole_dim], [64, the rest]
  std::vector<std::uint32_t> pair_by_dimension_, pair_by_entity_;  // [panels, pairs, 64], [panels]: [32, …]
};

}  // namespace terse::relsim
