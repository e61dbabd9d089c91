#include "terse/learn/schedule.hpp"

#include <cmath>

#include "terse_catch.hpp"

namespace terse::learn {
namespace {

Schedule make(ScheduleKind kind, std::uint64_t total, std::uint64_t warmup = 0) {
  return Schedule({.kind = kind, .rate = 0.1, .total = total, .warmup = warmup});
}

TEST_CASE("the warm-up rises linearly to the full rate") {
  const auto schedule = make(ScheduleKind::Constant, 100, 4);
  CHECK(schedule.rate(0) == Approx(0.025));
  CHECK(schedule.rate(3) == Approx(0.1));
  CHECK(schedule.rate(4) == Approx(0.1));
  CHECK(schedule.rate(99) == Approx(0.1));
  CHECK_FALSE(schedule.needs_total());
}

TEST_CASE("the cosine goes from the full rate to zero after the warm-up") {
  const auto schedule = make(ScheduleKind::Cosine, 110, 10);
  CHECK(schedule.rate(10) == Approx(0.1));
  CHECK(schedule.rate(60) == Approx(0.05));
  CHECK(schedule.rate(85) == Approx(0.1 * 0.5 * (1 + std::cos(0.75 * 3.14159265358979))));
  CHECK(schedule.rate(110) == Approx(0).margin(1e-12));
  CHECK(schedule.needs_total());
}

TEST_CASE("a line falls from the full rate to zero after the warm-up") {
  const auto schedule = make(ScheduleKind::Linear, 8);
  CHECK(schedule.rate(0) == 0.1);
  CHECK(schedule.rate(2) == Approx(0.075));
  CHECK(schedule.rate(8) == 0);
  CHECK(schedule.rate(9) == 0);
  const auto warmed = make(ScheduleKind::Linear, 12, 4);
  CHECK(warmed.rate(3) == Approx(0.1));
  CHECK(warmed.rate(4) == Approx(0.1));
  CHECK(warmed.rate(8) == Approx(0.05));
  CHECK(warmed.needs_total());
}

TEST_CASE("steps multiply the rate, by default at each third") {
  const Schedule schedule({.kind = ScheduleKind::Step, .rate = 0.1, .total = 100, .every = 10, .gamma = 0.5});
  CHECK(schedule.rate(9) == Approx(0.1));
  CHECK(schedule.rate(10) == Approx(0.05));
  CHECK(schedule.rate(29) == Approx(0.025));
  CHECK(make(ScheduleKind::Step, 100).options().every == 34);
}

}  // namespace
}  // namespace terse::learn
