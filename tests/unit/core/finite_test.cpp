#include "terse/core/finite.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "terse_catch.hpp"

namespace terse::core {
namespace {

TEST_CASE("one value that is no number is found wherever it is", "[core]") {
  std::vector<float> values(37, std::numeric_limits<float>::max());
  values[5] = std::numeric_limits<float>::denorm_min();
  values[6] = -0.0F;
  CHECK(all_finite(values));
  CHECK(all_finite({}));
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (const float bad : {NAN, -NAN, INFINITY, -INFINITY}) {
      auto changed = values;
      changed[i] = bad;
      CHECK_FALSE(all_finite(changed));
    }
  }
}

TEST_CASE("a loss is usable as long as float32 tells it from the next whole number", "[core]") {
  CHECK(is_usable_loss(0));
  CHECK(is_usable_loss(-1e6));
  CHECK(is_usable_loss((1 << 24) - 1));
  for (const double loss : {16777216.0, -1e30, double{NAN}, double{INFINITY}, -double{INFINITY}})
    CHECK_FALSE(is_usable_loss(loss));
  CHECK(std::string(training_diverged("step 3", NAN).what()) == "step 3: training diverged: the loss is not finite");
  CHECK(std::string(training_diverged("step 3", 3e29).what()) ==
        "step 3: training diverged: a loss of 3e+29 an example");
  CHECK(training_diverged("step 3", NAN).code() == Error::Negative);
}

}  // namespace
}  // namespace terse::core
