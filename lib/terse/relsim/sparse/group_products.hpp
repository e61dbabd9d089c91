#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "terse/relsim/sparse/feature_sum.hpp"
#include "terse/relsim/sparse/sparse_matrix.hpp"

namespace terse::relsim {

/// Groups of feature rows that are merged pair by pair, and how alike they are: the mean scalar product of one group's
/// rows with another's, which is that of their sums. Each group has a place; no table of pairs is held.
///
/// Who has a feature is looked up in an index, which is made anew when close_gaps() is called, for then there are fewer
/// groups to look at. Of a group of many rows, which has most of the features, the products with all others are listed,
/// as far as kMostListed allows: they add up when groups are merged, and follow merges when they are next asked for.
/// Memory: 28 bytes for each feature that a row shares with another, and the lists.
class GroupProducts {
 public:
  /// @param features  [rows, columns], not retained
  /// @param rows      place i holds a group of rows[i] alone
  GroupProducts(const SparseMatrix& features, std::span<const std::int32_t> rows);

  std::size_t places() const { return sums_.size(); }
  std::size_t groups() const { return groups_; }
  /// Rows in a group; none where it was merged into another.
  std::size_t size(std::int32_t place) const {
    return static_cast<std::size_t>(sizes_[static_cast<std::size_t>(place)]);
  }

  struct Nearest {
    double likeness = 0;
    std::int32_t place = -1;  // none has anything in common with it
  };
  /// The group that is most alike to one, of equals the one at the lowest place.
  /// @param scratch  contents do not matter, before and after
  /// Different groups may be asked for at once.
  Nearest nearest(std::int32_t place, std::vector<double>& scratch);

  /// Merges the group at `drop` into that at `keep`. @return columns that both had, with the products of their sums
  FeatureSum::Shared merge(std::int32_t keep, std::int32_t drop);

  /// Takes away the places of groups that were merged; the order stays. @return the new place of each, -1 where there
  /// is none
  std::vector<std::int32_t> close_gaps();

  /// A group of so many rows has its products listed …
  static constexpr std::size_t kLarge = 32;
  /// … as long as all lists together are no longer than this: 256 MiB.
  static constexpr std::size_t kMostListed = std::size_t{1} << 25;

 private:
  /// Products of a group with all, by place.
  struct List {
    std::vector<double> product;  // empty: not kept
    std::size_t followed = 0;     // so many of the merges since gaps were closed
  };
  struct MergeOfPlaces {
    std::int32_t keep, drop;
  };

  struct Entry {
    double amount;
    std::int32_t place;
  };

  void make_index();
  void find_products(std::int32_t place, std::vector<double>& product) const;
  void follow(List& list) const;
  List take_list(std::int32_t place);

  std::int32_t columns_;
  std::size_t groups_, lists_ = 0;
  std::vector<double> sizes_;  // by place, as those below
  std::vector<FeatureSum> sums_;
  std::vector<List> listed_;
  std::vector<MergeOfPlaces> merges_;  // since gaps were closed
  // Of each feature, the groups that had it when gaps were last closed, and how much of it.
  std::vector<std::uint32_t> begin_;
  std::vector<Entry> entries_;
};

}  // namespace terse::relsim
