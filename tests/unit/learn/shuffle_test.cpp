#include "terse/learn/shuffle.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <set>

#include "terse_catch.hpp"

namespace terse::learn {
namespace {

constexpr std::uint64_t kStream = 3;

TEST_CASE("an order is a permutation that the key decides") {
  const auto order = shuffled(1000, {1, kStream, 0});
  CHECK(std::set(order.begin(), order.end()).size() == 1000);
  CHECK(*std::max_element(order.begin(), order.end()) == 999);
  CHECK(order == shuffled(1000, {1, kStream, 0}));
  CHECK(order != shuffled(1000, {2, kStream, 0}));
  CHECK(order != shuffled(1000, {1, kStream + 1, 0}));
  CHECK(order != shuffled(1000, {1, kStream, 1}));
  const auto wide = shuffled<std::int64_t>(1000, {1, kStream, 0});
  CHECK(std::equal(order.begin(), order.end(), wide.begin(), wide.end()));
  CHECK(shuffled(0, {1, kStream, 0}).empty());
}

TEST_CASE("orders stay what they were: runs that are resumed depend on them") {
  // By another implementation of Philox, of Lemire's rejection and of Fisher and Yates.
  CHECK(shuffled(8, {1, kStream, 2}) == std::vector<std::uint32_t>{4, 6, 2, 1, 3, 5, 7, 0});
}

TEST_CASE("every permutation of three is about equally likely") {
  std::map<std::vector<std::uint32_t>, int> counts;
  constexpr int kDraws = 6000;
  for (std::uint64_t seed = 0; seed < kDraws; ++seed) ++counts[shuffled(3, {seed, kStream, 0})];
  REQUIRE(counts.size() == 6);
  // Binomial(6000, 1/6): deviation 28.9; 4 sigma.
  for (const auto& [order, count] : counts) CHECK(std::abs(count - kDraws / 6) < 116);
}

}  // namespace
}  // namespace terse::learn
