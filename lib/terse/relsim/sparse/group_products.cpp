#include "terse/relsim/sparse/group_products.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace terse::relsim {
namespace {

std::size_t at_place(std::int32_t i) { return static_cast<std::size_t>(i); }

// Products and sizes are looked at so many at a time, and end in zeros up to a multiple of it.
constexpr std::size_t kBlock = 64;
std::size_t padded(std::size_t places) { return (places + kBlock - 1) / kBlock * kBlock; }

/// Whether any of kBlock products is above `least` times the size that belongs to it.
bool any_above(const double* product, const double* size, double least) {
  constexpr std::size_t kLanes = 8;
  double most[kLanes] = {};
  for (std::size_t i = 0; i < kBlock; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const double above = product[i + lane] - least * size[i + lane];
      most[lane] = above > most[lane] ? above : most[lane];
    }
  }
  return std::ranges::any_of(most, [](double above) { return above > 0; });
}

}  // namespace

GroupProducts::GroupProducts(const SparseMatrix& features, std::span<const std::int32_t> rows)
    : columns_(features.columns), groups_(rows.size()), sizes_(padded(rows.size())), listed_(rows.size()) {
  std::fill_n(sizes_.begin(), rows.size(), 1.0);
  std::vector<std::int32_t> rows_with(at_place(columns_));
  for (const auto row : rows) {
    for (const auto column : features.columns_of(at_place(row))) ++rows_with[at_place(column)];
  }
  const auto is_shared = [&](std::int32_t column) { return rows_with[at_place(column)] > 1; };
  sums_.reserve(rows.size());
  for (const auto row : rows) {
    sums_.emplace_back(features.columns_of(at_place(row)), features.values_of(at_place(row)), is_shared);
  }
  make_index();
}

void GroupProducts::make_index() {
  std::vector<std::int32_t> groups_with(at_place(columns_));
  for (const auto& sum : sums_) sum.each([&](std::int32_t column, double) { ++groups_with[at_place(column)]; });
  // What one group has alone, it will have in common with none.
  for (auto& sum : sums_) sum.keep([&](std::int32_t column) { return groups_with[at_place(column)] > 1; });
  begin_.assign(at_place(columns_) + 1, 0);
  for (const auto& sum : sums_) sum.each([&](std::int32_t column, double) { ++begin_[at_place(column) + 1]; });
  std::partial_sum(begin_.begin(), begin_.end(), begin_.begin());
  entries_.resize(begin_.back());
  auto next = begin_;
  for (std::size_t place = 0; place < sums_.size(); ++place) {
    sums_[place].each([&](std::int32_t column, double value) {
      entries_[next[at_place(column)]++] = {value, static_cast<std::int32_t>(place)};
    });
  }
}

void GroupProducts::find_products(std::int32_t place, std::vector<double>& product) const {
  product.assign(padded(places()), 0);
  sums_[at_place(place)].each_run([&](std::span<const std::int32_t> columns, std::span<const double> values) {
    // Most features are of a few groups each, somewhere in memory: they are fetched ahead.
    constexpr std::size_t kAhead = 8;
    for (std::size_t c = 0; c < columns.size(); ++c) {
      if (c + 2 * kAhead < columns.size()) __builtin_prefetch(&begin_[at_place(columns[c + 2 * kAhead])]);
      if (c + kAhead < columns.size()) __builtin_prefetch(entries_.data() + begin_[at_place(columns[c + kAhead])]);
      const auto end = begin_[at_place(columns[c]) + 1];
      for (auto i = begin_[at_place(columns[c])]; i < end; ++i)
        product[at_place(entries_[i].place)] += values[c] * entries_[i].amount;
    }
  });
  for (const auto& merge : merges_) product[at_place(merge.keep)] += std::exchange(product[at_place(merge.drop)], 0);
  product[at_place(place)] = 0;
}

void GroupProducts::follow(List& list) const {
  for (; list.followed < merges_.size(); ++list.followed) {
    const auto& merge = merges_[list.followed];
    list.product[at_place(merge.keep)] += std::exchange(list.product[at_place(merge.drop)], 0);
  }
}

GroupProducts::Nearest GroupProducts::nearest(std::int32_t place, std::vector<double>& scratch) {
  auto& list = listed_[at_place(place)];
  if (list.product.empty())
    find_products(place, scratch);
  else
    follow(list);
  const auto& product = list.product.empty() ? scratch : list.product;
  const double mine = sizes_[at_place(place)];
  Nearest best;
  // Most are far below the best so far, which is seen from products alone, many at a time. What is below it by no more
  // than rounding is looked at.
  constexpr double kNearly = 1 - 1e-14;
  double least = 0;
  for (std::size_t begin = 0; begin < product.size(); begin += kBlock) {
    if (!any_above(product.data() + begin, sizes_.data() + begin, least)) continue;
    for (auto other = begin; other < begin + kBlock; ++other) {
      if (!(product[other] > least * sizes_[other])) continue;
      const double likeness = product[other] / (mine * sizes_[other]);
      if (likeness <= best.likeness) continue;
      best = {likeness, static_cast<std::int32_t>(other)};
      least = likeness * mine * kNearly;
    }
  }
  return best;
}

GroupProducts::List GroupProducts::take_list(std::int32_t place) {
  auto list = std::exchange(listed_[at_place(place)], {});
  if (!list.product.empty()) {
    --lists_;
    follow(list);
  } else {
    find_products(place, list.product);
    list.followed = merges_.size();
  }
  return list;
}

FeatureSum::Shared GroupProducts::merge(std::int32_t keep, std::int32_t drop) {
  const auto size = sizes_[at_place(keep)] + sizes_[at_place(drop)];
  const bool has_list = !listed_[at_place(keep)].product.empty() || !listed_[at_place(drop)].product.empty();
  if (has_list || (size >= static_cast<double>(kLarge) && (lists_ + 1) * places() <= kMostListed)) {
    auto both = take_list(keep);
    const auto other = take_list(drop);
    for (std::size_t i = 0; i < both.product.size(); ++i) both.product[i] += other.product[i];
    both.product[at_place(keep)] = both.product[at_place(drop)] = 0;
    both.followed = merges_.size() + 1;  // the one that happens here is in it
    listed_[at_place(keep)] = std::move(both);
    ++lists_;
  }
  merges_.push_back({keep, drop});
  sizes_[at_place(keep)] = size;
  sizes_[at_place(drop)] = 0;
  --groups_;
  return sums_[at_place(keep)].add(sums_[at_place(drop)]);
}

std::vector<std::int32_t> GroupProducts::close_gaps() {
  std::vector<std::int32_t> place(places(), -1);
  std::size_t next = 0;
  for (std::size_t old = 0; old < places(); ++old) {
    if (sizes_[old] > 0) place[old] = static_cast<std::int32_t>(next++);
  }
  for (std::size_t old = 0; old < place.size(); ++old) {
    auto& list = listed_[old];
    if (!list.product.empty()) {
      follow(list);
      for (std::size_t other = 0; other < place.size(); ++other) {
        if (place[other] >= 0) list.product[at_place(place[other])] = list.product[other];
      }
      list.product.resize(next);
      list.product.resize(padded(next));
      list.product.shrink_to_fit();
      list.followed = 0;
    }
    if (place[old] < 0 || at_place(place[old]) == old) continue;
    const auto to = at_place(place[old]);
    sizes_[to] = sizes_[old];
    sums_[to] = std::move(sums_[old]);
    listed_[to] = std::move(list);
    list = {};
  }
  sizes_.resize(next);
  sizes_.resize(padded(next));
  sums_.resize(next);
  listed_.resize(next);
  merges_.clear();
  make_index();
  return place;
}

}  // namespace terse::relsim
