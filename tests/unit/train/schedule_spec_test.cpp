#include "terse/train/loop/schedule_spec.hpp"

#include "terse_catch.hpp"
#include "throws.hpp"

namespace terse::train {
namespace {

using test::throws;

NamedSchedule make(const std::string& text, std::uint64_t total) {
  return make_schedule(parse_spec(text, "schedule"), 0.1, total, 0);
}

TEST_CASE("schedules are known by name, and say every key") {
  CHECK(to_string(make("constant", 10).spec) == "constant");
  CHECK(to_string(make("step", 100).spec) == "step:every=34,gamma=0.1");
  const auto step = make("step:every=10,gamma=0.5", 100);
  CHECK(to_string(step.spec) == "step:every=10,gamma=0.5");
  CHECK(step.schedule.rate(10) == Approx(0.05));
  CHECK(make("linear", 10).schedule.rate(5) == Approx(0.05));
  CHECK(make("cosine", 10).schedule.rate(5) == Approx(0.05));
}

TEST_CASE("an unknown schedule is refused") {
  CHECK(throws(Error::Usage, "(constant, cosine, linear, step)", [] { make("square", 10); }));
  CHECK(throws(Error::Usage, "unknown key 'gamma' (it takes none)", [] { make("cosine:gamma=1", 10); }));
}

}  // namespace
}  // namespace terse::train
