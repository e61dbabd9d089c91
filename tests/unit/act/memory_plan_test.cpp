#include "terse/act/budget/memory_plan.hpp"

#include <cmath>
#include <limits>

#include "terse/core/error.hpp"
#include "terse/core/philox.hpp"
#include "terse_catch.hpp"

using namespace terse::act;

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
StepTimeline chain(const std::vector<std::int64_t>& stores, const std::vector<std::int64_t>& workspace) {
  StepTimeline timeline{.live_before = 1000, .tensors = stores.size()};
  std::uint64_t block = 0;
  std::vector<std::uint64_t> blocks;
  for (std::size_t t = 0; t < stores.size(); ++t) {
    blocks.push_back(++block);
    timeline.events.push_back({block, stores[t], static_cast<std::uint32_t>(t), BlockPart::Stored});
  }
  for (std::size_t t = stores.size(); t-- > 0;) {
    timeline.events.push_back({++block, workspace[t]});
    timeline.events.push_back({blocks[t], -stores[t]});
    timeline.events.push_back({block, -workspace[t]});
  }
  return timeline;
}

std::vector<std::uint32_t> tensors_of(const Moment& moment) {
  std::vector<std::uint32_t> tensors;
  for (const TensorAtMoment& at : moment.tensors) tensors.push_back(at.tensor);
  return tensors;
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
  const StepTimeline timeline = chain({10, 20, 30}, {700, 100, 500});
  const auto moments = peak_moments(timeline);
  REQUIRE(moments.size() == 2);
  CHECK(moments[0].base == 1700);
  CHECK(tensors_of(moments[0]) == std::vector<std::uint32_t>{0});
  CHECK(moments[1].base == 1500);
  CHECK(tensors_of(moments[1]) == std::vector<std::uint32_t>{0, 1, 2});
}

TEST_CASE("a timeline that does not add up is refused") {
  StepTimeline timeline;
  timeline.events = {{1, 10}, {1, -11}};
  CHECK_THROWS_AS(peak_moments(timeline), terse::Error);
  timeline.events = {{1, 10, 3, BlockPart::Stored}};
  CHECK_THROWS_AS(peak_moments(timeline), terse::Error);
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

TEST_CASE("a tensor that is kept takes the place of its copies, and lives from its storing to its use") {
  // Forward makes and stores 0, lets go of it, makes and stores 1; backward restores 1 and then 0.
  StepTimeline step{.live_before = 0, .tensors = 2, .backward_start = 6};
  step.events = {{1, 4000, 0, BlockPart::Saved},
                 {2, 100, 0, BlockPart::Stored},
                 {3, 4000, 1, BlockPart::Saved},
                 {1, -4000},
                 {4, 100, 1, BlockPart::Stored},
                 {3, -4000},
                 {5, 4000, 1, BlockPart::Restored},
                 {4, -100},
                 {5, -4000},
                 {6, 4000, 0, BlockPart::Restored},
                 {2, -100},
                 {6, -4000}};
  std::vector<BitLadder> ladders;
  for (const char* id : {"a", "b"}) ladders.push_back({id, {{1, 100, 1}, {8, 1000, 0.1}, {32, 4000, 0}}});
  const auto moments = peak_moments(step);
  const auto peak = [&](std::vector<std::size_t> choice) { return planned_peak(moments, ladders, choice); };
  CHECK(peak({0, 0}) == 8100);  // 0 and 1 at once, and the store of 0
  CHECK(peak({2, 2}) == 8000);
  CHECK(peak({2, 0}) == 8100);  // 0 with the store and the restored form of 1
  CHECK(peak({0, 2}) == 8100);
  CHECK(plan_memory(moments, ladders, 8000).variance == 0);
  CHECK(smallest_choice(moments, ladders) == std::vector<std::size_t>{2, 2});
  CHECK_THROWS_AS(plan_memory(moments, ladders, 7999), terse::Error);
  // Also where their rounding does nothing to the gradient.
  for (auto& ladder : ladders) {
    for (auto& choice : ladder.choices) choice.variance = 0;
  }
  CHECK(smallest_choice(moments, ladders) == std::vector<std::size_t>{2, 2});
  CHECK(plan_memory(moments, ladders, 8000).choice == std::vector<std::size_t>{2, 2});
}

TEST_CASE("more budget never gives a lower planned peak, and probing never a lower need") {
  std::vector<BitLadder> ladders;
  std::vector<std::int64_t> stores, workspace;
  terse::core::RandomSequence random({4, 9, 0});
  for (int t = 0; t < 12; ++t) {
    ladders.push_back(ladder("t" + std::to_string(t), 256 * (1 + random.below(40)), std::exp(2 * random.normal())));
    stores.push_back(64);
    workspace.push_back(static_cast<std::int64_t>(random.below(3'000)));
  }
  StepTimeline timeline = chain(stores, workspace);
  timeline.backward_start = 12;
  const auto moments = peak_moments(timeline), probing = peak_moments(timeline, 500);
  const auto low = smallest_choice(moments, ladders);
  const auto least = planned_peak(moments, ladders, low);
  CHECK(planned_peak(probing, ladders, low) >= least + 500);
  std::uint64_t last = 0;
  double variance = std::numeric_limits<double>::infinity();
  for (std::uint64_t budget = least; last < budget; budget += 4096) {
    const auto plan = plan_memory(moments, ladders, budget);
    const auto peak = planned_peak(moments, ladders, plan.choice);
    CHECK(peak <= budget);
    CHECK(peak >= last);
    CHECK(plan.variance <= variance);
    last = peak;
    variance = plan.variance;
    if (variance == 0) break;
  }
  CHECK(variance == 0);
}
