#include "terse/act/budget/budget.hpp"

#include "temporary_folder.hpp"
#include "terse/act/budget/budget_search.hpp"
#include "terse/act/memory/allocator.hpp"
#include "terse/act/memory/swapper.hpp"
#include "terse/core/error.hpp"
#include "terse/core/memory.hpp"
#include "terse/core/philox.hpp"
#include "terse/train/loop/trainer.hpp"
#include "terse_catch.hpp"

namespace terse::train {
namespace {

constexpr std::uint64_t kTiB = std::uint64_t{1} << 40;

TrainOptions budgeted(const std::string& model, const std::string& data, std::uint64_t budget) {
  TrainOptions options;
  options.model = parse_spec(model, "model");
  options.data = parse_spec(data, "data");
  options.batch = 16;
  options.steps = 10;
  options.learning_rate = 1e-4;
  options.compression.level = act::Level::L2;
  options.compression.adapt_every = 0;
  options.compression.budget = budget;
  return options;
}

const std::pair<const char*, const char*> kRuns[] = {
    {"resnet18:stem=small,classes=10", "random:3x16x16,classes=10,count=64"},
    {"vit:dim=64,heads=2,depth=2,patch=4,dropout=0.1", "random:3x32x32,classes=10,count=64"},
    {"text:dim=64,heads=2,depth=2", "random:48,vocabulary=100,count=64"}};

/// The trainer's tensors at bits drawn at random, or all at `bits`.
std::vector<formats::PolicyTensor> tensors_at(const act::PrecisionTable& table, int bits) {
  auto tensors = table.tensors();
  core::RandomSequence random({7, 3, 0});
  for (auto& tensor : tensors) {
    tensor.bits = bits > 0 ? bits : tensor.rungs[random.below(tensor.rungs.size())].bits;
  }
  return tensors;
}

/// Variance that the chosen bits add, by the table's sensitivities.
double chosen_variance(const act::PrecisionTable& table) {
  double variance = 0;
  for (const auto& tensor : table.tensors()) {
    variance += tensor.sensitivity * act::rounding_variance_of_bits(tensor.bits > 0 ? tensor.bits : 4);
  }
  return variance;
}

double largest_difference(Trainer& a, Trainer& b) {
  const auto x = a.network().parameters(), y = b.network().parameters();
  double largest = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    largest = std::max(largest, (x[i].second - y[i].second).abs().max().item<double>());
  }
  return largest;
}

act::Rehearsal rehearsed(Trainer& trainer, std::shared_ptr<act::SwapStore> swap = nullptr) {
  auto& workload = trainer.compressed().run();
  return act::rehearse(workload, std::move(swap));
}

TEST_CASE("a step's simulated peak is the allocator's, whatever the bits") {
  act::install_allocator();
  const auto tier = GENERATE(act::BudgetTier::Bits, act::BudgetTier::Recompute);
  for (const auto& [model, data] : kRuns) {
    Trainer trainer(budgeted(model, data, kTiB));
    trainer.compressed().plan_budget();
    CHECK((trainer.compressed().use(tier) > 0) == (tier == act::BudgetTier::Recompute));
    trainer.step();  // what LibTorch keeps
    act::Budget budget = trainer.compressed().budget()->plan().budget();
    budget.floor = 0;  // this process was larger before
    budget.tier = tier;
    const act::BudgetPlan plan(rehearsed(trainer), budget);
    const auto known = trainer.compressed().adaptation()->table();
    for (const int bits : {1, 2, 4, 8, 32, 0}) {
      trainer.compressed().adaptation()->start_from(tensors_at(known, bits));
      const auto planned = plan.planned_peak(trainer.compressed().adaptation()->table()) - budget.overhead;
      const auto peak = trainer.step().peak_allocated_bytes;
      INFO(model << ", " << to_string(tier) << " at " << bits << " bits: planned " << planned << ", peak " << peak);
      // The plan counts whole pages, the allocator what was asked for.
      CHECK(planned + 64 * 1024 > peak);
      CHECK(static_cast<double>(planned) < 1.01 * static_cast<double>(peak) + 600e3);
    }
  }
}

TEST_CASE("a second tier needs less than bits alone, and keeps to it") {
  act::install_allocator();
  const test::TemporaryFolder folder;
  auto options = budgeted("text:dim=64,heads=2,depth=12", "random:48,vocabulary=100,count=64", kTiB);
  options.batch = 64;
  options.compression.swap = act::open_swap_store({.directory = folder.path(), .resident_bytes = 256 << 10});
  Trainer trainer(options);
  trainer.compressed().plan_budget();
  CHECK(trainer.compressed().budget()->plan().budget().tier == act::BudgetTier::Bits);
  trainer.step();
  CHECK(options.compression.swap->figures().swapped_bytes == 0);
  act::Budget budget = trainer.compressed().budget()->plan().budget();
  budget.floor = 0;
  budget.probing = false;
  const auto alone = act::BudgetPlan(rehearsed(trainer), budget).smallest();
  trainer.compressed().use(act::BudgetTier::Swap);
  const auto rehearsal = rehearsed(trainer, options.compression.swap);
  budget.tier = act::BudgetTier::Swap;
  budget.bytes = act::BudgetPlan(rehearsal, budget).smallest();
  CHECK(budget.bytes < alone);
  act::BudgetPlan plan(rehearsal, budget);
  act::PrecisionTable table = trainer.compressed().adaptation()->table();
  plan.choose(table);
  for (const auto& tensor : table.tensors()) CHECK(tensor.bits == act::kSwappedBits);
  trainer.compressed().adaptation()->start_from(table.tensors());
  for (int i = 0; i < 3; ++i) {
    const auto figures = trainer.step();
    CHECK(figures.compression.swap->swapped_bytes > 0);
    CHECK(figures.peak_allocated_bytes <= plan.planned_peak(table) - budget.overhead + 64 * 1024);
  }
}

TEST_CASE("a rehearsal that has a limit is given up, and leaves the run as it is") {
  act::install_allocator();
  const auto& [model, data] = kRuns[0];
  Trainer trainer(budgeted(model, data, kTiB)), other(budgeted(model, data, kTiB));
  trainer.compressed().plan_budget();
  {
    const act::ResidentLimit limit(core::resident_bytes() + (1 << 20));
    CHECK_THROWS_AS(rehearsed(trainer), Error);
  }
  other.compressed().plan_budget();
  at::manual_seed(1);
  trainer.step();
  at::manual_seed(1);
  other.step();
  CHECK(largest_difference(trainer, other) == 0);
}

TEST_CASE("plenty keeps every tensor whose bits can be chosen") {
  act::install_allocator();
  for (const auto& [model, data] : kRuns) {
    Trainer trainer(budgeted(model, data, kTiB));
    trainer.compressed().plan_budget();
    for (const auto& tensor : trainer.compressed().adaptation()->table().tensors()) CHECK(tensor.bits == 32);
  }
}

TEST_CASE("a rehearsal leaves the run as it is, and plenty trains exactly") {
  act::install_allocator();
  for (const auto& [model, data] : kRuns) {
    Trainer trainer(budgeted(model, data, kTiB));
    trainer.compressed().plan_budget();
    auto options = budgeted(model, data, 0);
    options.compression.level = act::Level::L0;
    for (int i = 0; i < 3; ++i) trainer.step();
    Trainer exact(options);  // seeds the generator that both take dropout from
    for (int i = 0; i < 3; ++i) exact.step();
    INFO(model);
    CHECK(largest_difference(trainer, exact) == 0);
  }
}

TEST_CASE("a budget that cannot be met is refused with the smallest, which can be met") {
  act::install_allocator();
  const auto& [model, data] = kRuns[2];
  Trainer small(budgeted(model, data, 1 << 20));
  try {
    small.compressed().plan_budget();
    FAIL("not refused");
  } catch (const Error& error) {
    CHECK(error.code() == Error::OutOfMemory);
    auto& run = small.compressed().run();
    const auto refused = act::search_budget(run, {.bytes = 1 << 20, .known = small.compressed().adaptation()->table()});
    const auto smallest = refused->smallest();
    const std::string what = error.what();
    const auto named = std::stoull(what.substr(what.rfind(' '))) << 20;
    CHECK(named > smallest);
    CHECK(named <= smallest + (5 << 20));  // two steps of the overhead, in whole MiB
    act::Budget budget = refused->budget();
    budget.floor = 0;
    const auto rehearsal = rehearsed(small);
    budget.bytes = act::BudgetPlan(rehearsal, budget).smallest();
    act::BudgetPlan plan(rehearsal, budget);
    act::PrecisionTable table = small.compressed().adaptation()->table();
    plan.choose(table);
    CHECK(plan.planned_peak(table) <= budget.bytes);
    // Bits, and with them the peak, follow the budget.
    std::uint64_t before = 0;
    double variance = 1e300;
    for (int i = 0; i < 12; ++i) {
      budget.bytes += 1 << 20;
      act::BudgetPlan larger(rehearsal, budget);
      larger.choose(table);
      const auto peak = larger.planned_peak(table);
      CHECK(peak <= budget.bytes);
      CHECK(peak >= before);
      CHECK(chosen_variance(table) <= variance);
      before = peak;
      variance = chosen_variance(table);
    }
  }
}

TEST_CASE("bits are chosen anew where zeros become fewer") {
  act::install_allocator();
  Trainer trainer(budgeted("resnet18:stem=small,classes=10", "random:3x16x16,classes=10,count=64", kTiB));
  trainer.compressed().plan_budget();
  const auto rehearsal = rehearsed(trainer);
  act::Budget budget = trainer.compressed().budget()->plan().budget();
  budget.floor = 0;
  budget.bytes = act::BudgetPlan(rehearsal, budget).smallest() + (1 << 20);
  act::BudgetPlan plan(rehearsal, budget);
  act::PrecisionTable table = trainer.compressed().adaptation()->table();
  plan.choose(table);
  trainer.compressed().adaptation()->start_from(table.tensors());
  trainer.step();
  auto saved = trainer.compression().saved();
  CHECK_FALSE(plan.see(saved, table));
  std::size_t apart = 0;
  for (auto& tensor : saved) {
    if (tensor.layout.codec != quant::Codec::Sparse) continue;
    tensor.stored_bytes += tensor.stored_bytes / 3;
    ++apart;
  }
  REQUIRE(apart > 0);
  REQUIRE(plan.see(saved, table));
  const auto state = plan.state();
  plan.choose(table);
  CHECK(plan.planned_peak(table) <= budget.bytes);
  act::BudgetPlan resumed(rehearsal, budget);
  resumed.restore(state);
  CHECK(resumed.planned_peak(table) == plan.planned_peak(table));
  CHECK_THROWS_AS(resumed.restore(formats::Value::Map{{"growth", formats::Value::Array{}}}), Error);
}

}  // namespace
}  // namespace terse::train
