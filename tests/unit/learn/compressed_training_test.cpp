#include "terse/learn/compressed_training.hpp"

#include <cmath>

#include "temporary_folder.hpp"
#include "terse/act/budget/profiler.hpp"
#include "terse/act/memory/allocator.hpp"
#include "terse/act/memory/swapper.hpp"
#include "terse/learn/optimizer.hpp"
#include "terse_catch.hpp"
#include "throws.hpp"

namespace terse::learn {
namespace {

constexpr std::int64_t kBatch = 64, kWidth = 96;

/// All that a new kind of training writes: a perceptron that learns random sums.
class SmallLoop final : public TrainingLoop {
 public:
  explicit SmallLoop(CompressionChoice choice) {
    at::manual_seed(5);
    for (const std::string name : {"in", "middle", "out"}) {
      const std::int64_t rows = name == "out" ? 1 : kWidth;
      weights_.emplace_back(name, (at::randn({rows, kWidth}) / std::sqrt(double{kWidth})).requires_grad_());
    }
    optimizer_ = std::make_unique<Optimizer>(weights_, OptimizerOptions{.kind = OptimizerKind::Adam});
    training_ = std::make_unique<CompressedTraining>(std::move(choice), *this);
  }

  act::NamedTensors parameters() const override { return weights_; }
  act::Pass largest() override { return batch(0); }
  void clear_gradients() override { optimizer_->clear_gradients(); }
  act::Pass batch(std::uint64_t ahead) override {
    at::manual_seed(100 + steps_ + ahead);
    const auto x = at::randn({kBatch, kWidth});
    return {{x}, [this, x] {
              auto y = x;
              for (std::size_t i = 0; i < 2; ++i) {
                y = at::linear(y, weights_[i].second);
                y = y * at::sigmoid(y);
              }
              const auto output = at::linear(y, weights_[2].second).squeeze(1);
              return act::Pass::Result{output, (output - x.sum(1)).square().mean()};
            }};
  }
  void run_step(const std::function<void()>& before_backward) override {
    const auto pass = batch(0);
    figures = training_->step(++steps_, pass, [&](const act::Pass::Result& result) {
      loss = result.loss.item<double>();
      if (before_backward) before_backward();
    });
    optimizer_->step(2e-3);
    optimizer_->clear_gradients();
  }

  CompressedTraining& training() { return *training_; }
  Optimizer& optimizer() { return *optimizer_; }
  void run(std::uint64_t until) {
    while (steps_ < until) run_step({});
  }
  void go_on_from(SmallLoop& other) {
    const at::NoGradGuard guard;
    for (std::size_t i = 0; i < weights_.size(); ++i) weights_[i].second.copy_(other.weights_[i].second);
    const auto from = other.optimizer_->state(), into = optimizer_->state();
    for (std::size_t i = 0; i < from.size(); ++i) into[i].second.copy_(from[i].second);
    steps_ = other.steps_;
    training_->restore(other.training_->state());
  }

  StepCompression figures;
  double loss = 0;

 private:
  act::NamedTensors weights_;
  std::uint64_t steps_ = 0;
  std::unique_ptr<Optimizer> optimizer_;
  std::unique_ptr<CompressedTraining> training_;
};

bool same_weights(const SmallLoop& a, const SmallLoop& b) {
  const auto x = a.parameters(), y = b.parameters();
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!at::equal(x[i].second, y[i].second)) return false;
  }
  return true;
}

TEST_CASE("levels store what they say, and the loss falls at each") {
  SmallLoop exact({.level = act::Level::L0});
  exact.run(1);
  const double first = exact.loss;
  CHECK(exact.figures.exact_bytes > 0);
  CHECK(exact.figures.stored_bytes == exact.figures.exact_bytes);
  CHECK_FALSE(exact.figures.adaptation);
  CHECK_FALSE(exact.figures.budget);
  CHECK_FALSE(exact.figures.swap);
  for (const auto level : {act::Level::L1, act::Level::L1_2, act::Level::L2, act::Level::L2_2}) {
    INFO(act::to_string(level));
    SmallLoop loop({.level = level, .adapt_every = 5, .seed = 3});
    loop.training().begin_epoch();
    loop.run(40);
    const auto epoch = loop.training().end_epoch();
    CHECK(loop.loss < 0.8 * first);
    CHECK(loop.figures.exact_bytes == exact.figures.exact_bytes);
    CHECK(loop.figures.stored_bytes < exact.figures.exact_bytes / 2);
    CHECK(epoch.stored_bytes >= loop.figures.stored_bytes);
    CHECK(loop.figures.adaptation.has_value() == (act::average_bits(level) > 0));
    CHECK((epoch.average_bits > 0) == (act::average_bits(level) > 0));
  }
}

TEST_CASE("bits in place of a level do not adapt, and 32 are none") {
  SmallLoop kept({.level = act::Level::L2, .bits = 32}), exact({.level = act::Level::L0});
  CHECK(kept.training().adaptation() == nullptr);
  kept.run(3);
  exact.run(3);
  CHECK(kept.figures.stored_bytes == kept.figures.exact_bytes);
  CHECK(same_weights(kept, exact));
}

TEST_CASE("a continuation is the whole run bit for bit, wherever it stopped") {
  const CompressionChoice choice{.level = act::Level::L2_1, .adapt_every = 4, .seed = 9};
  SmallLoop whole(choice);
  whole.run(30);
  for (const std::uint64_t stop : {1, 7, 16, 17}) {
    INFO(stop);
    SmallLoop first(choice), second(choice);
    first.run(stop);
    second.go_on_from(first);
    second.run(30);
    CHECK(same_weights(second, whole));
    CHECK((second.training().state().adaptation == whole.training().state().adaptation));
    CHECK((second.training().state().precision == whole.training().state().precision));
  }
}

TEST_CASE("a policy's bits are those of the run from its first step on") {
  SmallLoop learner({.level = act::Level::L2_2, .adapt_every = 4});
  learner.run(24);
  auto known = learner.training().state().precision;
  REQUIRE_FALSE(known.empty());
  SmallLoop follower({.level = act::Level::L2_2, .adapt_every = 0, .policy = known, .policy_bits = true});
  follower.run(1);
  CHECK((follower.training().adaptation()->table().bits() == learner.training().adaptation()->table().bits()));
  for (auto& tensor : known) tensor.bits = 0;
  SmallLoop chooser({.level = act::Level::L2_2, .policy = known});
  for (const auto& tensor : chooser.training().adaptation()->table().tensors()) CHECK(tensor.bits > 0);
}

TEST_CASE("a second tier gives the same weights") {
  const test::TemporaryFolder folder;
  SmallLoop swapped({.level = act::Level::L0, .swap = act::open_swap_store({.directory = folder.path()})});
  SmallLoop held({.level = act::Level::L0});
  swapped.run(4);
  held.run(4);
  REQUIRE(swapped.figures.swap);
  CHECK(swapped.figures.swap->swapped_bytes > 0);
  CHECK(same_weights(swapped, held));
}

TEST_CASE("a loop that can step ahead can be profiled") {
  SmallLoop loop({.level = act::Level::L0});
  formats::Profile profile;
  act::profile_step(loop.training().run(), {}, profile);
  CHECK_FALSE(profile.tensors.empty());
  loop.run(3);
}

TEST_CASE("choices that make no sense are refused") {
  CHECK(test::throws(Error::Usage, "a budget needs an adaptive level",
                     [] { SmallLoop loop({.level = act::Level::L1, .budget = 1 << 30}); }));
  CHECK(test::throws(Error::Usage, "a budget needs an adaptive level",
                     [] { SmallLoop loop({.level = act::Level::L2, .bits = 4, .budget = 1 << 30}); }));
}

TEST_CASE("levels have their names in one place") {
  CHECK(level_names() == std::vector<std::string>{"L0", "L1", "L1.1", "L1.2", "L2", "L2.1", "L2.2"});
  for (const auto& name : level_names()) CHECK(act::to_string(act::level_from_string(name)) == name);
  for (const auto& name : level_names_beside_swap()) {
    bool swaps = false;
    CHECK_NOTHROW(act::level_from_string(act::level_beside_swap(name, swaps)));
    CHECK(swaps == (name == "L3" || name == "swap" || name == "L4bit-swap"));
  }
}

TEST_CASE("an epoch's figures come back from a checkpoint") {
  EpochCompression epoch{.exact_bytes = 9,
                         .stored_bytes = 4,
                         .peak_allocated_bytes = 70,
                         .planned_peak_bytes = 80,
                         .average_bits = 3.5,
                         .steps_spent_on_probes = 1.25};
  formats::Value::Map map;
  epoch.add_to(map);
  formats::Value::Map again;
  EpochCompression::from(map).add_to(again);
  CHECK((map == again));
  CHECK(map.size() == 6);
}

// Last, as it bounds the process's allocator from then on.
TEST_CASE("a budget is kept by any loop, and one that is too small named") {
  act::install_allocator();
  SmallLoop loop({.level = act::Level::L2, .adapt_every = 4, .budget = std::uint64_t{1} << 40});
  CHECK(loop.training().budget() == nullptr);
  loop.training().plan_budget();
  loop.training().begin_epoch();
  loop.run(5);
  REQUIRE(loop.figures.budget);
  CHECK(loop.figures.budget->budget_bytes == std::uint64_t{1} << 40);
  CHECK(loop.figures.budget->planned_peak_bytes > 0);
  for (const auto& tensor : loop.training().adaptation()->table().tensors()) CHECK(tensor.bits == 32);
  const auto state = loop.training().state();
  CHECK(loop.training().end_epoch().planned_peak_bytes == loop.training().budget()->planned_peak());

  SmallLoop resumed({.level = act::Level::L2, .adapt_every = 4, .budget = std::uint64_t{1} << 40});
  resumed.training().plan_budget(state.adaptation.at("budget"));
  resumed.training().restore(state);
  CHECK((resumed.training().state().adaptation == state.adaptation));

  SmallLoop small({.level = act::Level::L2, .budget = 1 << 20});
  CHECK(test::throws(Error::OutOfMemory, "cannot be met", [&] { small.training().plan_budget(); }));
}

}  // namespace
}  // namespace terse::learn
