#include "terse/relsim/statistics/correlation.hpp"

#include <cmath>

#include "terse/core/parallel.hpp"
#include "terse/core/philox.hpp"
#include "terse_catch.hpp"

namespace terse::relsim {
namespace {

TEST_CASE("correlations are those of the textbook", "[relsim]") {
  const std::vector<double> x{1, 2, 3, 4, 5}, y{2, 1, 4, 3, 5}, up{1, 4, 9, 16, 25};
  const auto found = correlate(x, y);
  CHECK(found.pearson == Approx(0.8));
  CHECK(found.spearman == Approx(0.8));
  CHECK(found.kendall == Approx(0.6));  // 8 pairs agree, 2 do not
  const auto monotone = correlate(x, up);
  CHECK(monotone.spearman == Approx(1));
  CHECK(monotone.kendall == Approx(1));
  CHECK(monotone.pearson == Approx(0.9811049102515929));
}

TEST_CASE("ties share their mean rank, and do not count for Kendall", "[relsim]") {
  CHECK(ranks(std::vector<double>{3, 1, 3, 2}) == std::vector<double>{3.5, 1, 3.5, 2});
  const std::vector<double> x{1, 1, 2, 3}, y{1, 2, 3, 4};
  CHECK(correlate(x, y).kendall == Approx(5 / std::sqrt(5.0 * 6.0)));
  CHECK(std::isnan(correlate(std::vector<double>{1, 1, 1}, std::vector<double>{1, 2, 3}).pearson));
}

TEST_CASE("bootstrap intervals hold the true correlation about as often as they say", "[relsim][numeric]") {
  const double rho = 0.6;
  int held = 0;
  constexpr int kTrials = 200;
  for (int trial = 0; trial < kTrials; ++trial) {
    core::RandomSequence random({static_cast<std::uint64_t>(trial), 7, 0});
    std::vector<double> x, y;
    for (int i = 0; i < 60; ++i) {
      const double shared = random.normal();
      x.push_back(shared);
      y.push_back(rho * shared + std::sqrt(1 - rho * rho) * random.normal());
    }
    const auto interval = bootstrap(x, y, 200, 1).pearson;
    held += interval.low <= rho && rho <= interval.high;
  }
  // Percentile intervals of 60 pairs hold in about 93 %; 4 sigma of 200 trials are 7 %.
  CHECK(held > 0.86 * kTrials);
  CHECK(held < kTrials);
}

TEST_CASE("bootstrap intervals do not depend on the number of threads", "[relsim]") {
  const std::vector<double> x{1, 5, 2, 8, 3, 9}, y{2, 4, 1, 9, 5, 6};
  core::set_threads(1);
  const auto one = bootstrap(x, y, 500, 3);
  core::set_threads(3);
  const auto three = bootstrap(x, y, 500, 3);
  core::set_threads(0);
  CHECK(one.kendall.low == three.kendall.low);
  CHECK(one.spearman.high == three.spearman.high);
  CHECK(one.pearson.low < correlate(x, y).pearson);
}

}  // namespace
}  // namespace terse::relsim
