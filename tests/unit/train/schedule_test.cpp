#include "terse/train/loop/schedule.hpp"

#include "terse_catch.hpp"
#include "throws.hpp"

namespace terse::train {
namespace {

using test::throws;

Schedule make(const std::string& text, std::uint64_t total, std::uint64_t warmup = 0) {
  return Schedule(parse_spec(text, "schedule"), 0.1, total, warmup);
}

TEST_CASE("the warm-up rises linearly to the full rate") {
  const auto schedule = make("constant", 100, 4);
  CHECK(schedule.rate(0) == Approx(0.025));
  CHECK(schedule.rate(3) == Approx(0.1));
  CHECK(schedule.rate(4) == Approx(0.1));
  CHECK(schedule.rate(99) == Approx(0.1));
}

TEST_CASE("the cosine goes from the full rate to zero after the warm-up") {
  const auto schedule = make("cosine", 110, 10);
  CHECK(schedule.rate(10) == Approx(0.1));
  CHECK(schedule.rate(60) == Approx(0.05));
  CHECK(schedule.rate(85) == Approx(0.1 * 0.5 * (1 + std::cos(0.75 * 3.14159265358979))));
  CHECK(schedule.rate(110) == Approx(0).margin(1e-12));
}

TEST_CASE("steps multiply the rate, by default at each third") {
  const auto schedule = make("step:every=10,gamma=0.5", 100);
  CHECK(schedule.rate(9) == Approx(0.1));
  CHECK(schedule.rate(10) == Approx(0.05));
  CHECK(schedule.rate(29) == Approx(0.025));
  CHECK(to_string(make("step", 100).spec()) == "step:every=34,gamma=0.1");
}

TEST_CASE("an unknown schedule is refused") {
  CHECK(throws(Error::Usage, "(constant, cosine, step)", [] { make("linear", 10); }));
  CHECK(throws(Error::Usage, "unknown key 'gamma' (it takes none)", [] { make("cosine:gamma=1", 10); }));
}

}  // namespace
}  // namespace terse::train
