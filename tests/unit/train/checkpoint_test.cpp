#include "terse/train/loop/checkpoint.hpp"

#include "temporary_folder.hpp"
#include "terse/core/parallel.hpp"
#include "terse/train/loop/metrics.hpp"
#include "terse/train/loop/model_file.hpp"
#include "terse/train/loop/training_run.hpp"
#include "terse_catch.hpp"
#include "throws.hpp"

namespace terse::train {
namespace {

using test::throws;

constexpr std::uint64_t kSteps = 5, kHalf = 2;

TrainOptions options_for(const std::string& model, const std::string& data, learn::OptimizerKind optimizer) {
  TrainOptions options;
  options.model = parse_spec(model, "model");
  options.data = parse_spec(data, "data");
  options.batch = 4;
  options.steps = kSteps;
  options.optimizer = {.kind = optimizer, .weight_decay = 0.01};
  options.learning_rate = 0.01;
  options.schedule = parse_spec("cosine", "schedule");
  options.warmup = 2;
  options.compression.level = act::Level::L1;
  options.seed = 5;
  return options;
}

TrainOptions small_options() {
  return options_for("mlp:hidden=32,dropout=0.3", "random:16,classes=3,count=13", learn::OptimizerKind::Sgd);
}

void run_to(Trainer& trainer, std::uint64_t step) {
  while (trainer.steps_done() < step) trainer.step();
}

bool same_weights(Trainer& a, Trainer& b) {
  bool same = true;
  const auto compare = [&](const NamedTensors& x, const NamedTensors& y) {
    REQUIRE(x.size() == y.size());
    for (std::size_t i = 0; i < x.size(); ++i) same = same && at::equal(x[i].second, y[i].second);
  };
  compare(a.network().parameters(), b.network().parameters());
  compare(a.network().buffers(), b.network().buffers());
  compare(a.optimizer().state(), b.optimizer().state());
  return same;
}

TEST_CASE("a resumed run is the uninterrupted run, bit for bit") {
  const std::vector<TrainOptions> kCases = {
      small_options(), options_for("resnet18", "random:1x8x8,classes=3,count=13", learn::OptimizerKind::Adam),
      options_for("text:dim=16,heads=2", "random:6,vocabulary=20,count=13", learn::OptimizerKind::AdamW)};
  for (const auto& options : kCases) {
    INFO(options.model.name);
    test::TemporaryFolder folder;
    Trainer whole(options);
    run_to(whole, kSteps);
    {
      Trainer first(options);
      run_to(first, kHalf);
      CheckpointFolder(folder.file("c")).save(first, "test 0", {});
      run_to(first, kSteps);  // does not touch what was saved
      CHECK(same_weights(first, whole));
    }
    auto other = options;
    Trainer second(other);
    run_to(second, 1);  // wherever it stood, restore() puts it right
    CheckpointFolder(folder.file("c")).restore(second);
    CHECK(second.steps_done() == kHalf);
    run_to(second, kSteps);
    CHECK(same_weights(second, whole));
  }
}

TEST_CASE("a checkpoint of another run is refused, naming what differs") {
  test::TemporaryFolder folder;
  CheckpointFolder checkpoints(folder.file("c"));
  {
    Trainer trainer(small_options());
    checkpoints.save(trainer, "test 0", {});
  }
  const auto refused = [&](const std::string& what, auto change) {
    INFO(what);
    auto options = small_options();
    change(options);
    Trainer trainer(options);
    CHECK(throws(Error::Code::Usage, what, [&] { checkpoints.restore(trainer); }));
  };
  refused("was saved with batch 4, this run has 2", [](auto& o) { o.batch = 2; });
  refused("with seed 5, this run has 6", [](auto& o) { o.seed = 6; });
  refused("with model mlp:", [](auto& o) { o.model.values["hidden"] = "33"; });
  refused("with data random:", [](auto& o) { o.data.values["count"] = "14"; });
  refused("with optimizer sgd, this run has adam", [](auto& o) { o.optimizer.kind = learn::OptimizerKind::Adam; });
  refused("with lr 0.01, this run has 0.02", [](auto& o) { o.learning_rate = 0.02; });
  refused("with level", [](auto& o) { o.compression.level = act::Level::L0; });
  refused("with steps 5, this run has 6", [](auto& o) { o.steps = 6; });
  const int threads = core::threads();
  core::set_threads(threads == 1 ? 2 : 1);
  refused("with threads", [](auto&) {});
  core::set_threads(threads);
}

TEST_CASE("a run without a cosine may be made longer") {
  test::TemporaryFolder folder;
  CheckpointFolder checkpoints(folder.file("c"));
  auto options = small_options();
  options.schedule = parse_spec("constant", "schedule");
  Trainer trainer(options);
  run_to(trainer, kSteps);
  checkpoints.save(trainer, "test 0", {});
  options.steps = kSteps + 2;
  Trainer longer(options);
  checkpoints.restore(longer);
  CHECK(longer.steps_done() == kSteps);
  CHECK_FALSE(longer.finished());
}

TEST_CASE("a folder of checkpoints belongs to one run, and may be empty") {
  test::TemporaryFolder folder;
  CheckpointFolder checkpoints(folder.file("a/b"));
  CHECK(throws(Error::Busy, "another run", [&] { CheckpointFolder(folder.file("a/b")); }));
  Trainer trainer(small_options());
  CHECK(throws(Error::NoInput, "last.checkpoint", [&] { checkpoints.restore(trainer); }));
  test::put(folder.file("file"), "");
  CHECK(throws(Error::OutputFailed, "file", [&] { CheckpointFolder(folder.file("file")); }));
}

TEST_CASE("run_training saves when due, at the end and on an interruption") {
  const auto saves = [](std::uint64_t every, std::uint64_t interrupt_at) {
    Trainer trainer(small_options());
    std::vector<std::uint64_t> steps;
    RunHooks hooks;
    hooks.checkpoint_every = every;
    hooks.save_checkpoint = [&] { steps.push_back(trainer.steps_done()); };
    hooks.interrupted = [&] { return trainer.steps_done() == interrupt_at; };
    RunSummary summary;
    CHECK(run_training(trainer, hooks, summary) == (interrupt_at == 0));
    CHECK(summary.last()->step == steps.back());
    return steps;
  };
  CHECK(saves(0, 0) == std::vector<std::uint64_t>{5});
  CHECK(saves(2, 0) == std::vector<std::uint64_t>{2, 4, 5});
  CHECK(saves(5, 0) == std::vector<std::uint64_t>{5});
  CHECK(saves(0, 3) == std::vector<std::uint64_t>{3});
}

TEST_CASE("weights written as a model initialise another run") {
  test::TemporaryFolder folder;
  const auto path = folder.file("net.model");
  Trainer trained(small_options());
  run_to(trained, 2);
  {
    const auto sink = core::open_sink(path, core::Content::Binary);
    write_trained_model(*sink, {}, trained, formats::Value::Map{});
    sink->finish();
  }
  auto options = small_options();
  options.seed = 99;
  Trainer fresh(options);
  initialise_from(fresh.network(), path);
  const auto a = trained.network().parameters(), b = fresh.network().parameters();
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(at::equal(a[i].second, b[i].second));
}

}  // namespace
}  // namespace terse::train
