#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace terse::relsim {

/// A sum of sparse rows that small rows are added to again and again. Most of it is sorted; columns that came since are
/// kept beside it, also sorted and few, so that adding a row of m columns to a sum of n takes about m·log n + √n, not
/// n.
class FeatureSum {
 public:
  FeatureSum() = default;
  /// @param columns  ascending; those that are not wanted are left out
  template <class Wanted>
  FeatureSum(std::span<const std::int32_t> columns, std::span<const float> values, Wanted wanted) {
    const auto count = static_cast<std::size_t>(std::ranges::count_if(columns, wanted));
    base_.column.reserve(count);
    base_.value.reserve(count);
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (!wanted(columns[i])) continue;
      base_.column.push_back(columns[i]);
      base_.value.push_back(static_cast<double>(values[i]));
    }
  }

  std::size_t size() const { return base_.column.size() + late_.column.size(); }

  /// Calls visit(column, value), once for each column.
  template <class Visit>
  void each(Visit visit) const {
    for (const auto* run : {&base_, &late_}) {
      for (std::size_t i = 0; i < run->column.size(); ++i) visit(run->column[i], run->value[i]);
    }
  }

  /// The same in long pieces: calls visit(columns, values).
  template <class Visit>
  void each_run(Visit visit) const {
    for (const auto* run : {&base_, &late_}) visit(std::span(run->column), std::span(run->value));
  }

  /// Leaves out columns that are not wanted, and the memory that they take.
  template <class Wanted>
  void keep(Wanted wanted) {
    Run all = merge(base_, late_);
    late_ = {};
    std::size_t kept = 0;
    for (std::size_t i = 0; i < all.column.size(); ++i) {
      if (!wanted(all.column[i])) continue;
      all.column[kept] = all.column[i];
      all.value[kept++] = all.value[i];
    }
    base_.column.assign(all.column.begin(), all.column.begin() + static_cast<std::ptrdiff_t>(kept));
    base_.value.assign(all.value.begin(), all.value.begin() + static_cast<std::ptrdiff_t>(kept));
    base_.column.shrink_to_fit();
    base_.value.shrink_to_fit();
  }

  /// What both have, with the product of their values, before it is added.
  using Shared = std::vector<std::pair<std::int32_t, double>>;
  /// Adds another sum, of which nothing is left. The larger one takes in the smaller.
  Shared add(FeatureSum& other);

 private:
  struct Run {
    std::vector<std::int32_t> column;  // ascending
    std::vector<double> value;
  };
  void add(const Run& other, Shared& shared);
  static Run merge(const Run& a, const Run& b);

  Run base_, late_;
};

}  // namespace terse::relsim
