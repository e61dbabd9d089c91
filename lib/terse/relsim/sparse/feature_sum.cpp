#include "terse/relsim/sparse/feature_sum.hpp"

#include <algorithm>
#include <cmath>

namespace terse::relsim {
namespace {

/// The first place from `from` on whose column is not below `wanted`, in steps that double: neighbours are found at
/// once.
std::size_t find_from(const std::vector<std::int32_t>& columns, std::size_t from, std::int32_t wanted) {
  std::size_t step = 1, end = from;
  while (end < columns.size() && columns[end] < wanted) {
    from = end + 1;
    end += step;
    step *= 2;
  }
  const auto first = columns.begin() + static_cast<std::ptrdiff_t>(from);
  const auto last = columns.begin() + static_cast<std::ptrdiff_t>(std::min(end, columns.size()));
  return static_cast<std::size_t>(std::lower_bound(first, last, wanted) - columns.begin());
}

}  // namespace

FeatureSum::Shared FeatureSum::add(FeatureSum& other) {
  if (other.size() > size()) std::swap(*this, other);
  Shared shared;
  add(other.base_, shared);
  add(other.late_, shared);
  other = {};
  return shared;
}

void FeatureSum::add(const Run& other, Shared& shared) {
  Run fresh;
  std::size_t in_base = 0, in_late = 0;
  for (std::size_t i = 0; i < other.column.size(); ++i) {
    const auto column = other.column[i];
    in_base = find_from(base_.column, in_base, column);
    in_late = find_from(late_.column, in_late, column);
    double* mine = in_base < base_.column.size() && base_.column[in_base] == column   ? &base_.value[in_base]
                   : in_late < late_.column.size() && late_.column[in_late] == column ? &late_.value[in_late]
                                                                                      : nullptr;
    if (mine) {
      shared.emplace_back(column, *mine * other.value[i]);
      *mine += other.value[i];
    } else {
      fresh.column.push_back(column);
      fresh.value.push_back(other.value[i]);
    }
  }
  if (fresh.column.empty()) return;
  late_ = merge(late_, fresh);
  const auto few = 64 + 4 * static_cast<std::size_t>(std::sqrt(static_cast<double>(base_.column.size())));
  if (late_.column.size() > few) {
    base_ = merge(base_, late_);
    late_ = {};
  }
}

FeatureSum::Run FeatureSum::merge(const Run& a, const Run& b) {
  Run both;
  const auto size = a.column.size() + b.column.size();
  both.column.reserve(size);
  both.value.reserve(size);
  for (std::size_t i = 0, j = 0; i < a.column.size() || j < b.column.size();) {
    const bool from_a = j == b.column.size() || (i < a.column.size() && a.column[i] < b.column[j]);
    const auto& run = from_a ? a : b;
    auto& at = from_a ? i : j;
    both.column.push_back(run.column[at]);
    both.value.push_back(run.value[at++]);
  }
  return both;
}

}  // namespace terse::relsim
