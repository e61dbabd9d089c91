#include "terse/act/memory_plan.hpp"

#include <cmath>
#include <limits>

#include "terse/core/error.hpp"
#include "terse/core/philox.hpp"
#include "terse_catch.hpp"

using namespace terse::act;
using terse::formats::AllocationEvent;
using terse::formats::Profile;

namespace {

BitLadder ladder(const std::string& id, std::uint64_t elements, double sensitivity) {
  BitLadder result{id, {}};
  for (int bits : {1, 2, 4, 8}) {
    result.choices.push_back({bits, elements * static_cast<std::uint64_t>(bits) / 8 + elements / 64,
                              sensitivity * std::pow(std::pow(2.0, bits) - 1, -2)});
  }
  result.choices.push_back({32, elements * 4, 0});
  return result;
}

/// Forward saves n tensors one after the other over a workspace; backward releases them from the last on, each layer
/// with a workspace of its own.
Profile chain(const std::vector<std::int64_t>& stores, const std::vector<std::int64_t>& workspace) {
  Profile profile;
  profile.live_bytes_before = 1000;
  profile.tensors.resize(stores.size());
  std::uint64_t block = 0;
  std::vector<std::uint64_t> blocks;
  for (std::size_t t = 0; t < stores.size(); ++t) {
    blocks.push_back(++block);
    profile.timeline.push_back({block, stores[t], static_cast<std::int32_t>(t), 0});
  }
  for (std::size_t t = stores.size(); t-- > 0;) {
    profile.timeline.push_back({++block, workspace[t], -1, 0});
    profile.timeline.push_back({blocks[t], -stores[t], static_cast<std::int32_t>(t), 0});
    profile.timeline.push_back({block, -workspace[t], -1, 0});
  }
  return profile;
}

double brute_force(std::span<const Moment> moments, const std::vector<BitLadder>& ladders, std::uint64_t budget,
                   std::vector<std::size_t>& choice) {
  if (choice.size() == ladders.size()) {
    if (planned_peak(moments, ladders, choice) > budget) return std::numeric_limits<double>::infinity();
    double variance = 0;
    for (std::size_t t = 0; t < ladders.size(); ++t) variance += ladders[t].choices[choice[t]].variance;
    return variance;
  }
  double best = std::numeric_limits<double>::infinity();
  for (std::size_t c = 0; c < ladders[choice.size()].choices.size(); ++c) {
    choice.push_back(c);
    best = std::min(best, brute_force(moments, ladders, budget, choice));
    choice.pop_back();
  }
  return best;
}

}  // namespace

TEST_CASE("peak moments of a chain: a later layer counts only if its workspace is larger") {
  const Profile profile = chain({10, 20, 30}, {700, 100, 500});
  const auto moments = peak_moments(profile);
  REQUIRE(moments.size() == 2);
  CHECK(moments[0].base == 1700);
  CHECK(moments[0].stored == std::vector<std::uint32_t>{0});
  CHECK(moments[1].base == 1500);
  CHECK(moments[1].stored == std::vector<std::uint32_t>{0, 1, 2});
}

TEST_CASE("a timeline that does not add up is refused") {
  Profile profile;
  profile.timeline = {{1, 10, -1, 0}, {1, -11, -1, 0}};
  CHECK_THROWS_AS(peak_moments(profile), terse::Error);
  profile.timeline = {{1, 10, 3, 0}};
  CHECK_THROWS_AS(peak_moments(profile), terse::Error);
}

TEST_CASE("a plan fits at every moment and is near what brute force finds") {
  double worst = 1;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    terse::core::RandomSequence random({seed, 9, 0});
    std::vector<BitLadder> ladders;
    std::vector<std::int64_t> stores, workspace;
    for (int t = 0; t < 6; ++t) {
      ladders.push_back(ladder("t" + std::to_string(t), 256 * (1 + random.below(40)), std::exp(2 * random.normal())));
      stores.push_back(64);
      workspace.push_back(static_cast<std::int64_t>(random.below(30'000)));
    }
    const auto moments = peak_moments(chain(stores, workspace));
    std::vector<std::size_t> low(6, 0), high(6, 4);
    const auto least = planned_peak(moments, ladders, low), most = planned_peak(moments, ladders, high);
    for (int part = 0; part <= 4; ++part) {
      const auto budget = least + (most - least) * static_cast<std::uint64_t>(part) / 4;
      const auto plan = plan_memory(moments, ladders, budget);
      CHECK(planned_peak(moments, ladders, plan.choice) <= budget);
      std::vector<std::size_t> choice;
      const double optimum = brute_force(moments, ladders, budget, choice);
      CHECK(plan.variance >= optimum * (1 - 1e-12));
      if (plan.optimal) {
        CHECK(plan.variance == Approx(optimum).margin(1e-300));
      } else if (optimum > 0) {
        worst = std::max(worst, plan.variance / optimum);
      }
      CHECK(plan.lower_bound <= optimum * (1 + 1e-12));
    }
  }
  INFO("largest variance over optimum " << worst);
  CHECK(worst < 2.5);
}

TEST_CASE("a budget below the smallest peak is refused with that peak") {
  const std::vector<BitLadder> ladders{ladder("a", 4096, 1)};
  const auto moments = peak_moments(chain({64}, {3000}));
  std::vector<std::size_t> low(1, 0);
  const auto least = planned_peak(moments, ladders, low);
  CHECK_NOTHROW(plan_memory(moments, ladders, least));
  CHECK_THROWS_AS(plan_memory(moments, ladders, least - 1), terse::Error);
}
