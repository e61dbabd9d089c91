#include "terse/learn/early_stopping.hpp"

#include "terse_catch.hpp"

namespace terse::learn {
namespace {

TEST_CASE("a run ends once patience epochs in a row were no better") {
  EarlyStopping stopping(2);
  CHECK(stopping.see(0.5));
  CHECK_FALSE(stopping.see(0.5));  // of equal ones the first is the best
  CHECK_FALSE(stopping.ends());
  CHECK(stopping.see(0.6));
  CHECK_FALSE(stopping.see(0.4));
  CHECK_FALSE(stopping.ends());
  CHECK_FALSE(stopping.see(0.55));
  CHECK(stopping.ends());
  CHECK(stopping.since_best() == 2);
}

TEST_CASE("losses are scores with the sign turned") {
  EarlyStopping stopping(1);
  CHECK(stopping.see(-3.0));
  CHECK(stopping.see(-2.0));
  CHECK_FALSE(stopping.see(-2.5));
  CHECK(stopping.ends());
}

TEST_CASE("without a score every epoch is the best, and none ends the run") {
  EarlyStopping stopping(1);
  for (int epoch = 0; epoch < 3; ++epoch) {
    CHECK(stopping.see(std::nullopt));
    CHECK_FALSE(stopping.ends());
  }
}

TEST_CASE("early stopping goes on where it was") {
  EarlyStopping whole(3), resumed(3);
  for (const double score : {0.1, 0.3, 0.2}) whole.see(score);
  resumed.restore(0.3, whole.since_best());
  for (const double score : {0.25, 0.3}) CHECK(resumed.see(score) == whole.see(score));
  CHECK(resumed.ends() == whole.ends());
  CHECK(resumed.ends());
}

}  // namespace
}  // namespace terse::learn
