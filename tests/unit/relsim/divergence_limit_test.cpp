#include "terse/relsim/evidence/divergence_limit.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "terse/core/error.hpp"
#include "terse/core/philox.hpp"
#include "terse/relsim/ranking/upper_bound.hpp"
#include "terse_catch.hpp"

namespace terse::relsim {
namespace {

formats::Similarity random_divergences(std::size_t n, std::uint64_t seed) {
  formats::Similarity similarity;
  core::RandomSequence random({seed, 0, 0});
  similarity.relations.assign(n, "r");
  similarity.counts.assign(n, 10);
  for (auto* values :
       {&similarity.divergence, &similarity.swapped, &similarity.divergence_error, &similarity.swapped_error}) {
    for (std::size_t i = 0; i < n * n; ++i) values->push_back(static_cast<double>(random.below(1000)) / 100);
  }
  return similarity;
}

TEST_CASE("no pair is surer than its share of unrelated pairs as close allows", "[redundancy][numeric]") {
  for (const std::uint64_t seed : {1, 2, 3}) {
    constexpr std::size_t n = 9;
    auto similarity = random_divergences(n, seed);
    similarity.combine = seed == 2 ? "mean" : "max";
    core::RandomSequence random({seed, 1, 0});
    std::vector<float> same[2];
    for (auto& chance : same) {
      chance.resize(n * n);
      for (std::size_t a = 0; a < n; ++a) {
        for (std::size_t b = 0; b <= a; ++b)
          chance[a * n + b] = chance[b * n + a] = static_cast<float>(random.below(100)) / 100;
      }
    }
    const auto both = [&](double x, double y) { return seed == 2 ? (x + y) / 2 : std::max(x, y); };
    const auto limit = limit_by_divergences(similarity, same);
    REQUIRE(limit.has_intervals());
    for (const bool upper : {false, true}) {
      for (const std::size_t s : {0, 1}) {
        for (std::size_t a = 0; a < n; ++a) {
          for (std::size_t b = 0; b < n; ++b) {
            if (s == 0 && a == b) continue;
            const auto& values = s ? similarity.swapped : similarity.divergence;
            const auto& errors = s ? similarity.swapped_error : similarity.divergence_error;
            const auto at = [&](std::size_t i, std::size_t j) {
              return values[i * n + j] + (upper ? errors[i * n + j] : 0);
            };
            const double mine = both(at(a, b), at(b, a));
            double closer = 0, all = 0;
            for (const std::size_t t : {0, 1}) {
              const auto& others = t ? similarity.swapped : similarity.divergence;
              for (std::size_t i = 0; i < n; ++i) {
                for (std::size_t j = t ? i : i + 1; j < n; ++j) {
                  const double weight = 1 - static_cast<double>(same[t][i * n + j]);
                  all += weight;
                  if (both(others[i * n + j], others[j * n + i]) <= mine) closer += weight;
                }
              }
            }
            const double share = closer / all;
            const double found = static_cast<double>((upper ? limit.upper : limit.estimate)[s][a * n + b]);
            if (share == 0) {
              CHECK(found == std::numeric_limits<double>::infinity());
            } else {
              CHECK(found == Approx(std::max(std::log((1 - share) / share), -6.0)).epsilon(1e-5).margin(1e-5));
            }
          }
        }
      }
    }
  }
}

TEST_CASE("exact divergences have one end, and what is no number is refused", "[redundancy]") {
  auto similarity = random_divergences(5, 4);
  std::vector<float> same[2];
  for (auto& chance : same) chance.assign(25, 0.1f);
  similarity.divergence_error.clear();
  similarity.swapped_error.clear();
  CHECK(!has_intervals(similarity));
  CHECK(!upper_bound(similarity));
  const auto limit = limit_by_divergences(similarity, same);
  CHECK(!limit.has_intervals());
  CHECK(limit.upper[0].size() == 25);
  auto straight = similarity;
  straight.swapped.clear();
  CHECK(limit_by_divergences(straight, same).upper[1].empty());
  similarity.swapped[7] = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(limit_by_divergences(similarity, same), Error);
}

TEST_CASE("the upper bound is that of the wider interval", "[redundancy]") {
  formats::Similarity similarity;
  similarity.relations.assign(2, "r");
  similarity.divergence = {0, 1, 2, 0};
  similarity.divergence_error = {0, 0.5, 0.1, 0};
  similarity.divergence_spread = {0, 0.1, 1, 0};
  similarity.details = formats::Value::Map{{"models", std::int64_t{4}}};
  const auto upper = upper_bound(similarity);
  REQUIRE(upper);
  // Student's t of three degrees, 3.1824, for the mean of four.
  CHECK(upper->divergence[1] == Approx(1.5));
  CHECK(upper->divergence[2] == Approx(2 + 3.1824 / 2).epsilon(1e-4));
  CHECK(upper->swapped.empty());
  CHECK(!has_intervals(*upper));
}

}  // namespace
}  // namespace terse::relsim
