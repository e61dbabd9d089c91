#include "terse/relsim/sparse/group_products.hpp"

#include <map>

#include "terse/core/parallel.hpp"
#include "terse/core/philox.hpp"
#include "terse_catch.hpp"

namespace terse::relsim {
namespace {

/// Rows of a few features out of many, some of which most rows have.
SparseMatrix random_rows(std::size_t rows, std::int32_t columns, std::uint64_t seed) {
  SparseMatrix matrix;
  matrix.columns = columns;
  core::RandomSequence random({seed, 0, 0});
  for (std::size_t r = 0; r < rows; ++r) {
    std::map<std::int32_t, float> row;
    for (int i = 0; i < 6; ++i) {
      const auto most = static_cast<std::uint64_t>(i < 2 ? 8 : columns);
      row[static_cast<std::int32_t>(random.below(most))] = 0.1f + static_cast<float>(random.uniform());
    }
    for (const auto& [column, value] : row) matrix.column.push_back(column), matrix.value.push_back(value);
    matrix.begin.push_back(matrix.column.size());
  }
  return matrix;
}

double product_of(const SparseMatrix& rows, std::size_t a, std::size_t b) {
  double sum = 0;
  for (std::size_t i = rows.begin[a]; i < rows.begin[a + 1]; ++i) {
    for (std::size_t j = rows.begin[b]; j < rows.begin[b + 1]; ++j) {
      if (rows.column[i] == rows.column[j])
        sum += static_cast<double>(rows.value[i]) * static_cast<double>(rows.value[j]);
    }
  }
  return sum;
}

TEST_CASE("a sum of rows that come one by one is what it would be at once", "[redundancy][numeric]") {
  const auto rows = random_rows(300, 4000, 1);
  const auto of_row = [&](std::size_t r) {
    return FeatureSum(rows.columns_of(r), rows.values_of(r), [](std::int32_t column) { return column != 3; });
  };
  std::map<std::int32_t, double> expected;
  auto sum = of_row(0);
  for (std::size_t r = 0; r < rows.rows(); ++r) {
    std::map<std::int32_t, double> shared;
    for (auto i = rows.begin[r]; i < rows.begin[r + 1]; ++i) {
      if (rows.column[i] == 3) continue;
      const auto value = static_cast<double>(rows.value[i]);
      if (r > 0 && expected.contains(rows.column[i])) shared[rows.column[i]] = expected[rows.column[i]] * value;
      expected[rows.column[i]] += value;
    }
    if (r == 0) continue;
    auto other = of_row(r);
    // Now the sum is added to the row, now the row to the sum.
    if (r % 7 == 0) std::swap(sum, other);
    const auto found = sum.add(other);
    CHECK(other.size() == 0);
    CHECK(found.size() == shared.size());
    for (const auto& [column, product] : found) CHECK(product == Approx(shared.at(column)));
  }
  REQUIRE(sum.size() == expected.size());
  sum.each([&](std::int32_t column, double value) { CHECK(value == Approx(expected.at(column))); });
  sum.keep([](std::int32_t column) { return column < 8; });
  CHECK(sum.size() == 7);
}

TEST_CASE("the nearest group is that of all pairs of members, however groups were merged", "[redundancy][numeric]") {
  for (const int threads : {1, 3}) {
    core::set_threads(threads);
    // Groups get so large that their products are listed.
    const std::size_t count = threads == 1 ? 400 : 3000;
    const auto rows = random_rows(count, 3000, 2);
    std::vector<std::int32_t> ids;
    std::vector<std::vector<std::size_t>> members;
    for (std::size_t r = 0; r < count; ++r) {
      ids.push_back(static_cast<std::int32_t>(r));
      members.push_back({r});
    }
    GroupProducts products(rows, ids);
    core::RandomSequence random({3, 0, 0});
    std::vector<double> scratch;
    const auto check = [&](std::int32_t place) {
      const auto found = products.nearest(place, scratch);
      GroupProducts::Nearest expected;
      for (std::size_t other = 0; other < members.size(); ++other) {
        const auto &mine = members[static_cast<std::size_t>(place)], &theirs = members[other];
        if (theirs.empty() || other == static_cast<std::size_t>(place)) continue;
        double sum = 0;
        for (const auto a : mine) {
          for (const auto b : theirs) sum += product_of(rows, a, b);
        }
        const double likeness = sum / static_cast<double>(mine.size() * theirs.size());
        if (likeness > expected.likeness + 1e-12) expected = {likeness, static_cast<std::int32_t>(other)};
      }
      CHECK(found.likeness == Approx(expected.likeness));
      CHECK(found.place == expected.place);
    };
    for (int step = 0; step < 300; ++step) {
      // Now and then into the first group, so that it gets large.
      const auto a = step % 3 == 0 ? 0 : static_cast<std::int32_t>(random.below(members.size()));
      const auto b = static_cast<std::int32_t>(random.below(members.size()));
      const auto keep = std::min(a, b), drop = std::max(a, b);
      if (keep == drop || !products.size(keep) || !products.size(drop)) continue;
      products.merge(keep, drop);
      auto &kept = members[static_cast<std::size_t>(keep)], &dropped = members[static_cast<std::size_t>(drop)];
      kept.insert(kept.end(), dropped.begin(), dropped.end());
      dropped.clear();
      if (step % 25 == 0) check(keep);
      if (step % 50 == 0) check(0);
      if (step % 120 == 60) {
        const auto place = products.close_gaps();
        std::vector<std::vector<std::size_t>> closed(products.places());
        for (std::size_t old = 0; old < place.size(); ++old) {
          REQUIRE((place[old] < 0) == members[old].empty());
          if (place[old] >= 0) closed[static_cast<std::size_t>(place[old])] = members[old];
        }
        members = std::move(closed);
        CHECK(products.groups() == products.places());
        check(0);
      }
    }
    CHECK(products.size(0) > GroupProducts::kLarge);
  }
  core::set_threads(0);
}

}  // namespace
}  // namespace terse::relsim
