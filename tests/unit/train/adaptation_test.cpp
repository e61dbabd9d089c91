#include "terse/train/adaptation.hpp"

#include <cmath>
#include <cstdlib>

#include "temporary_folder.hpp"
#include "terse/core/parallel.hpp"
#include "terse/train/checkpoint.hpp"
#include "terse/train/probe_schedule.hpp"
#include "terse/train/profiler.hpp"
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
  options.adapt_every = 4;
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

TEST_CASE("a sketch keeps distances") {
  NamedTensors parameters{{"a", at::zeros({300, 40})}, {"b", at::zeros({77})}};
  std::vector<GradientSketch> sketches;
  double expected = 0;
  for (const double sign : {0.0, 1.0}) {
    for (auto& [name, tensor] : parameters) {
      tensor.requires_grad_();
      core::RandomSequence sequence({3, 1, 0});
      at::Tensor gradient = at::empty(tensor.sizes());
      for (std::int64_t i = 0; i < gradient.numel(); ++i) {
        gradient.data_ptr<float>()[i] = static_cast<float>(sign * sequence.normal());
      }
      tensor.mutable_grad() = gradient;
      expected += gradient.to(at::kDouble).square().sum().item<double>();
    }
    sketches.push_back(sketch_gradient(parameters, 9));
  }
  // 4 sigma of sqrt(2 / 4096).
  CHECK(std::abs(squared_distance(sketches[0], sketches[1]) / expected - 1) < 0.09);
}

TEST_CASE("probes go round, within what a step may cost") {
  act::PrecisionTable table({{.id = "a", .cost = 0.6, .rungs = {{4, 100}}},
                             {.id = "b", .cost = 0.3, .rungs = {{4, 1}}},
                             {.id = "c", .cost = 0.3, .rungs = {{4, 1}}},
                             {.id = "d", .cost = 0.9, .rungs = {{4, 1}}}});
  const auto next = [&](std::uint64_t step) {
    const auto group = next_probes(table, 1, 0.02);
    for (auto& tensor : table.tensors()) {
      if (group.ids.contains(tensor.id)) tensor.probed = step;
    }
    CHECK(group.cost <= 1);
    return group.ids;
  };
  using Ids = std::set<std::string>;
  CHECK(next(1) == Ids{"a"});  // its second form takes all of the 2 %
  CHECK(next(2) == Ids{"b", "c"});
  CHECK(next(3) == Ids{"d"});
  CHECK(next(4) == Ids{"a"});
  CHECK(next_probes(table, 0.1, 0.02).ids.empty());
}

TEST_CASE("an adaptive run measures, chooses bits and stays within its account") {
  Trainer trainer(text_options());
  double spent = 0;
  bool chose = false, checked = false;
  std::uint64_t stored = 0;
  while (!trainer.finished()) {
    const auto figures = trainer.step();
    REQUIRE(figures.adaptation);
    CHECK(figures.adaptation->spent - spent <= 1 + 1e-9);
    spent = figures.adaptation->spent;
    CHECK(spent <= 20 + 0.01 * static_cast<double>(figures.step));
    chose = chose || figures.adaptation->chose;
    if (figures.adaptation->variance) {
      checked = true;
      CHECK(figures.adaptation->variance->predicted > 0);
      CHECK(figures.adaptation->variance->measured > 0);
      CHECK(figures.adaptation->variance->gradient > 0);
    }
    stored = figures.activation_bytes_stored;
  }
  CHECK(chose);
  CHECK(checked);
  CHECK(trainer.adaptation()->table().complete());
  std::set<int> bits;
  for (const auto& [id, b] : trainer.adaptation()->table().bits()) bits.insert(b);
  CHECK(bits.size() > 1);
  auto fixed = text_options();
  fixed.compression.level = act::Level::L1_2;
  Trainer at_two_bits(fixed);
  std::uint64_t derived = 0;
  for (const auto& tensor : trainer.adaptation()->table().tensors()) derived += tensor.derived;
  CHECK(derived > 0);
  CHECK(stored <= at_two_bits.step().activation_bytes_stored + derived * 2 / 8);
}

TEST_CASE("probes leave enough of the account for checks") {
  auto options = text_options();
  options.adapt_every = 50;
  options.steps = 450;
  options.learning_rate = 0.001;
  Trainer trainer(options);
  std::size_t checks = 0;
  while (!trainer.finished()) checks += trainer.step().adaptation->variance ? 1 : 0;
  CHECK(checks == 2);  // steps 200 and 400
}

TEST_CASE("probes and checks leave training as it is") {
  // Bits are never chosen in this run, so that the probes alone could make a difference.
  auto options = adaptive_options("resnet18", "random:1x8x8,classes=3,count=64", act::Level::L2);
  options.adapt_every = 1000;
  options.steps = 6;
  Trainer probed(options);
  options.adapt_every = 0;
  Trainer plain(options);
  std::uint64_t probes = 0;
  while (!probed.finished()) {
    const auto generator = generator_state();
    const auto figures = probed.step();
    set_generator_state(generator);
    const auto expected = plain.step();
    CHECK(figures.loss == expected.loss);
    probes += figures.adaptation->probed;
    CHECK(expected.adaptation->probed == 0);
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
    CHECK((second.adaptation()->table().tensors() == first.adaptation()->table().tensors()));
    while (!second.finished()) second.step();
    CHECK(same_parameters(second, whole));
    CHECK((second.adaptation()->table().tensors() == whole.adaptation()->table().tensors()));
    CHECK((second.adaptation()->state() == whole.adaptation()->state()));
  }
}

TEST_CASE("fast sensitivities agree with whole steps, and change nothing") {
  const int threads = core::threads();
  core::set_threads(1);  // hundreds of passes of a few microseconds each, in which threads would only wait
  auto options = adaptive_options("text:dim=32,heads=2,depth=2", "random:12,vocabulary=20,count=64", act::Level::L0);
  Trainer trainer(options), untouched(options);
  const auto table = fast_sensitivities(trainer, 8);
  std::vector<std::string> ids;
  for (const auto& tensor : table.tensors()) {
    CHECK(tensor.draws >= 8);
    ids.push_back(tensor.id);
  }
  const auto exact = exact_sensitivities(trainer, ids, {.bits = 4, .draws = 8});
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

TEST_CASE("a tensor that many nodes hold is probed in a profile, however much that costs") {
  const int threads = core::threads();
  core::set_threads(1);
  auto options = adaptive_options("gat:hidden=8,heads=2", "graph:" + std::string(std::getenv("TERSE_DATA")) + "/graph",
                                  act::Level::L0);
  options.compression.small_bytes = 0;
  Trainer trainer(options);
  const auto table = fast_sensitivities(trainer, 2);
  CHECK_FALSE(table.empty());
  for (const auto& tensor : table.tensors()) CHECK(tensor.probed >= 2);
  const act::PrecisionTable costly({{.id = "a", .cost = 3, .rungs = {{4, 100}}}});
  CHECK(next_probes(costly, 1, 1).ids.empty());
  CHECK(next_probes(costly, 1e9, 1).ids.size() == 1);
  core::set_threads(threads);
}

}  // namespace
}  // namespace terse::train
