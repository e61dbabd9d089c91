#include "terse/act/probing/adaptation.hpp"

#include <cmath>
#include <cstdlib>

#include "temporary_folder.hpp"
#include "terse/act/probing/sensitivity_probes.hpp"
#include "terse/core/parallel.hpp"
#include "terse/train/loop/checkpoint.hpp"
#include "terse/train/loop/trainer.hpp"
#include "terse_catch.hpp"

namespace terse::train {
namespace {

TrainOptions adaptive_options(const std::string& model, const std::string& data, act::Level level) {
  TrainOptions options;
  options.model = parse_spec(model, "model");
  options.data = parse_spec(data, "data");
  options.batch = 8;
  options.steps = 40;
  options.learning_rate = 0.01;
  options.compression.level = level;
  options.compression.entropy = false;
  options.compression.adapt_every = 4;
  options.seed = 5;
  return options;
}

TrainOptions text_options() {
  return adaptive_options("text:dim=32,heads=2,depth=2", "random:12,vocabulary=20,count=64", act::Level::L2_2);
}

bool same_parameters(Trainer& a, Trainer& b) {
  const auto x = a.network().parameters(), y = b.network().parameters();
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!at::equal(x[i].second, y[i].second)) return false;
  }
  return x.size() == y.size();
}

TEST_CASE("an adaptive run measures, chooses bits and stays within its account") {
  Trainer trainer(text_options());
  double spent = 0;
  bool chose = false, checked = false;
  std::uint64_t stored = 0;
  while (!trainer.finished()) {
    const auto figures = trainer.step();
    REQUIRE(figures.compression.adaptation);
    CHECK(figures.compression.adaptation->spent - spent <= 1 + 1e-9);
    spent = figures.compression.adaptation->spent;
    CHECK(spent <= 20 + 0.01 * static_cast<double>(figures.step));
    chose = chose || figures.compression.adaptation->chose;
    if (figures.compression.adaptation->variance) {
      checked = true;
      CHECK(figures.compression.adaptation->variance->predicted > 0);
      CHECK(figures.compression.adaptation->variance->measured > 0);
      CHECK(figures.compression.adaptation->variance->gradient > 0);
    }
    stored = figures.compression.stored_bytes;
  }
  CHECK(chose);
  CHECK(checked);
  CHECK(trainer.compressed().adaptation()->table().complete());
  std::set<int> bits;
  for (const auto& [id, b] : trainer.compressed().adaptation()->table().bits()) bits.insert(b);
  CHECK(bits.size() > 1);
  auto fixed = text_options();
  fixed.compression.level = act::Level::L1_2;
  Trainer at_two_bits(fixed);
  std::uint64_t derived = 0;
  for (const auto& tensor : trainer.compressed().adaptation()->table().tensors()) derived += tensor.derived;
  CHECK(derived > 0);
  CHECK(stored <= at_two_bits.step().compression.stored_bytes + derived * 2 / 8);
}

TEST_CASE("probes leave enough of the account for checks") {
  auto options = text_options();
  options.compression.adapt_every = 50;
  options.steps = 450;
  options.learning_rate = 0.001;
  Trainer trainer(options);
  std::size_t checks = 0;
  while (!trainer.finished()) checks += trainer.step().compression.adaptation->variance ? 1 : 0;
  CHECK(checks == 2);  // steps 200 and 400
}

TEST_CASE("probes and checks leave training as it is") {
  // Bits are never chosen in this run, so that the probes alone could make a difference.
  auto options = adaptive_options("resnet18", "random:1x8x8,classes=3,count=64", act::Level::L2);
  options.compression.adapt_every = 1000;
  options.steps = 6;
  Trainer probed(options);
  options.compression.adapt_every = 0;
  Trainer plain(options);
  std::uint64_t probes = 0;
  while (!probed.finished()) {
    const auto generator = generator_state();
    const auto figures = probed.step();
    set_generator_state(generator);
    const auto expected = plain.step();
    CHECK(figures.loss == expected.loss);
    probes += figures.compression.adaptation->probed;
    CHECK(expected.compression.adaptation->probed == 0);
  }
  CHECK(probes > 0);
  CHECK(same_parameters(probed, plain));
  for (std::size_t i = 0; i < plain.network().buffers().size(); ++i) {
    CHECK(at::equal(plain.network().buffers()[i].second, probed.network().buffers()[i].second));
  }
}

TEST_CASE("an adaptive run resumes bit for bit, wherever it stopped") {
  const auto options = text_options();
  Trainer whole(options);
  while (!whole.finished()) whole.step();
  for (const std::uint64_t stop : {1, 3, 8, 16, 17, 30}) {  // 16 lies between the two steps of a check
    INFO(stop);
    test::TemporaryFolder folder;
    Trainer first(options);
    while (first.steps_done() < stop) first.step();
    CheckpointFolder(folder.file("c")).save(first, "test 0", {});
    Trainer second(options);
    CheckpointFolder(folder.file("c")).restore(second);
    CHECK((second.compressed().adaptation()->table().tensors() == first.compressed().adaptation()->table().tensors()));
    while (!second.finished()) second.step();
    CHECK(same_parameters(second, whole));
    CHECK((second.compressed().adaptation()->table().tensors() == whole.compressed().adaptation()->table().tensors()));
    CHECK((second.compressed().adaptation()->state() == whole.compressed().adaptation()->state()));
  }
}

TEST_CASE("fast sensitivities agree with whole steps, and change nothing") {
  const int threads = core::threads();
  core::set_threads(1);  // hundreds of passes of a few microseconds each, in which threads would only wait
  auto options = adaptive_options("text:dim=32,heads=2,depth=2", "random:12,vocabulary=20,count=64", act::Level::L0);
  Trainer trainer(options), untouched(options);
  auto& run = trainer.compressed().run();
  const auto table = act::fast_sensitivities(run, 8);
  std::vector<std::string> ids;
  for (const auto& tensor : table.tensors()) {
    CHECK(tensor.draws >= 8);
    ids.push_back(tensor.id);
  }
  const auto exact = act::exact_sensitivities(run, ids, {.bits = 4, .draws = 8});
  double close = 0;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    INFO(ids[i] << ": " << table.tensors()[i].sensitivity << ", exactly " << exact[i].value);
    const double ratio = table.tensors()[i].sensitivity / exact[i].value;
    CHECK(ratio > 1.0 / 3);
    CHECK(ratio < 3);
    close += ratio > 0.7 && ratio < 1.4 ? 1 : 0;
  }
  CHECK(close >= 0.8 * static_cast<double>(ids.size()));
  CHECK(trainer.steps_done() == 0);
  CHECK(same_parameters(trainer, untouched));
  core::set_threads(threads);
}

TEST_CASE("what a profile knows holds for the gradient of the first step") {
  Trainer trainer(text_options());
  auto& run = trainer.compressed().run();
  trainer.compressed().adaptation()->start_from(act::fast_sensitivities(run, 2).tensors());
  const auto sensitivity = [&] { return trainer.compressed().adaptation()->table().tensors().front().sensitivity; };
  const double before = sensitivity();
  CHECK(trainer.compressed().adaptation()->table().tensors().front().gradient == 0);
  trainer.step();
  for (const auto& tensor : trainer.compressed().adaptation()->table().tensors()) CHECK(tensor.gradient > 0);
  CHECK(sensitivity() == before);  // nothing to scale it by, and no probe of it yet
}

TEST_CASE("a tensor that many nodes hold is probed in a profile, however much that costs") {
  const int threads = core::threads();
  core::set_threads(1);
  auto options = adaptive_options("gat:hidden=8,heads=2", "graph:" + std::string(std::getenv("TERSE_DATA")) + "/graph",
                                  act::Level::L0);
  options.compression.small_bytes = 0;
  Trainer trainer(options);
  auto& run = trainer.compressed().run();
  const auto table = act::fast_sensitivities(run, 2);
  CHECK_FALSE(table.empty());
  for (const auto& tensor : table.tensors()) CHECK(tensor.probed >= 2);
  core::set_threads(threads);
}

}  // namespace
}  // namespace terse::train
