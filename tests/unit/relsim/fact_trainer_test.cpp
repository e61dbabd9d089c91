#include "terse/relsim/facts/fact_trainer.hpp"

#include <algorithm>
#include <cmath>

#include "terse/core/error.hpp"
#include "terse/relsim/facts/fact_artifact.hpp"
#include "terse/relsim/kb/triple_reader.hpp"
#include "terse_catch.hpp"
#include "whole_run.hpp"

namespace terse::relsim {
namespace {

KnowledgeBase nations() {
  const char* data = std::getenv("TERSE_DATA");
  REQUIRE(data != nullptr);
  return read_knowledge_base({std::string(data) + "/kb/nations/train.tsv"});
}

TrainedFacts train_whole(std::span<const Triple> train, std::span<const Triple> held_out, const KnowledgeBase& kb,
                         const FactTrainingOptions& options, std::vector<EpochReport>* reports = nullptr) {
  FactTrainer trainer(train, held_out, kb.entities.size(), kb.relations.size(), options);
  run_epochs(trainer);
  if (reports) *reports = trainer.epochs();
  return trainer.result();
}

TEST_CASE("training beats counts on nations and stops early", "[relsim]") {
  const auto kb = nations();
  const auto [train, held_out] = hold_out(kb.triples, 0.1, 1);
  FactTrainingOptions options;
  options.hidden = 256;
  std::vector<EpochReport> reports;
  const auto trained = train_whole(train, held_out, kb, options, &reports);
  CHECK(trained.best.held_out_nats < trained.baseline.nats);
  CHECK(trained.baseline.nats < trained.baseline.uniform);
  CHECK(trained.baseline.uniform == Approx(2 * std::log(14.0)));
  CHECK(reports.size() < 100);
  CHECK(reports.back().epoch == trained.best.epoch + options.patience);
  FactStep step(trained.model, {.lr = 1});
  double nats = 0;
  for (const auto& log : step.log_likelihoods(both_directions(held_out, kb.relations.size())))
    nats -= log.head + log.tail;
  const auto best = trained.best.held_out_nats + trained.best.held_out_inverse_nats;
  CHECK(nats / static_cast<double>(held_out.size()) == Approx(best).epsilon(1e-9));
}

TEST_CASE("mixed with counts a model that has learned nothing is as good as counts", "[relsim]") {
  const auto kb = nations();
  const auto [train, held_out] = hold_out(kb.triples, 0.1, 1);
  FactTrainingOptions options;
  options.hidden = 32;
  options.epochs = 1;
  options.start = Start::Random;
  options.lr = 1e-9;
  const auto trained = train_whole(train, held_out, kb, options);
  CHECK(trained.best.held_out_nats > trained.baseline.nats);
  REQUIRE(trained.mixed.has_value());
  CHECK(trained.mixed->nats <= trained.baseline.nats + 1e-9);  // rounding of sums
}

TEST_CASE("a run that diverges says where, even in its last step", "[relsim]") {
  const auto kb = nations();
  FactTrainingOptions options;
  options.dim = 8;
  options.hidden = 16;
  options.start = Start::Random;
  options.lr = 1e38;
  const auto train = [&] { return train_whole(kb.triples, {}, kb, options); };
  CHECK_THROWS_WITH(train(), Catch::Contains("epoch 1, step 2: training diverged"));
  options.compression.level = act::Level::L2;
  CHECK_THROWS_WITH(train(), Catch::Contains("epoch 1, step 2: training diverged"));
  options.compression.level = act::Level::L0;
  options.epochs = 1;
  options.batch = 1 << 20;  // its only step: the loss before it is good
  CHECK_THROWS_WITH(train(), Catch::Contains("epoch 1: training diverged: weight 'entity' is not finite"));
}

TEST_CASE("an artifact that holds what is no number is named", "[relsim]") {
  formats::Facts facts;
  facts.entities = {"a", "b", "c"};
  facts.relations = {"r"};
  facts.counts = {1};
  const auto model = FactModel::random({3, 1, 4, 8}, 1);
  facts.weights = store_fact_model(model);
  CHECK_NOTHROW(load_fact_model(facts, "some.facts"));
  auto& entity = *std::ranges::find(facts.weights, "entity", [](const auto& t) { return t.info.name; });
  entity.as<float>()[7] = std::nanf("");
  CHECK_THROWS_WITH(load_fact_model(facts, "some.facts"),
                    "some.facts: weight 'entity' holds a value that is no number");
  facts.weights.erase(facts.weights.begin());
  CHECK_THROWS_WITH(load_fact_model(facts, "some.facts"), Catch::StartsWith("some.facts: "));
  facts.hyperparameters = formats::Value::Map{{"count_smoothing", -1.0}};
  CHECK_THROWS_WITH(load_count_mixture(facts, "some.facts"), "some.facts: count_smoothing is no number above 0");
}

TEST_CASE("a descending rate falls from step to step to nearly nothing", "[relsim]") {
  const auto kb = nations();
  FactTrainingOptions options;
  options.hidden = 32;
  options.epochs = 4;
  options.start = Start::Random;
  options.batch = 1 << 20;  // a step an epoch
  options.schedule = learn::ScheduleKind::Linear;
  const auto trained = train_whole(kb.triples, {}, kb, options);
  const auto by_hand =
      FactModel::random({kb.entities.size(), kb.relations.size(), options.dim, options.hidden}, options.seed);
  FactStep step(by_hand, {.lr = options.lr, .weight_decay = options.weight_decay});
  for (const double rate : {1.0, 0.75, 0.5, 0.25}) {
    step.set_lr(rate * options.lr);
    step.step(both_directions(kb.triples, kb.relations.size()));
  }
  // Sums in another order; where a gradient is nearly zero Adam makes a full step of the difference.
  CHECK((trained.model.entity - by_hand.entity).abs().median().item<double>() < 1e-5);
  CHECK((trained.model.tail.weight[1] - by_hand.tail.weight[1]).abs().median().item<double>() < 1e-5);
  options.schedule = learn::ScheduleKind::Constant;
  const auto constant = train_whole(kb.triples, {}, kb, options);
  CHECK((constant.model.entity - by_hand.entity).abs().median().item<double>() > 1e-3);
}

TEST_CASE("the same seed gives the same model, another seed another", "[relsim]") {
  const auto kb = nations();
  FactTrainingOptions options;
  options.hidden = 32;
  options.epochs = 2;
  options.start_epochs = 3;
  const auto train = [&] { return train_whole(kb.triples, {}, kb, options); };
  const auto a = train(), b = train();
  options.seed = 9;
  const auto c = train();
  CHECK(at::equal(a.model.entity, b.model.entity));
  CHECK(at::equal(a.model.tail.weight[1], b.model.tail.weight[1]));
  CHECK_FALSE(at::equal(a.model.entity, c.model.entity));
}

TEST_CASE("options that make no sense are refused", "[relsim]") {
  const Triple fact{0, 0, 1};
  const auto attempt = [&](auto change) {
    FactTrainingOptions options;
    change(options);
    FactTrainer({&fact, 1}, {}, 2, 1, options);
  };
  CHECK_THROWS_AS(attempt([](auto& o) { o.batch = 0; }), Error);
  CHECK_THROWS_AS(attempt([](auto& o) { o.lr = 0; }), Error);
  CHECK_THROWS_AS(attempt([](auto& o) { o.dim = -1; }), Error);
  CHECK_THROWS_AS(attempt([](auto& o) { o.schedule = learn::ScheduleKind::Cosine; }), Error);
  CHECK_THROWS_AS(attempt([](auto& o) { o.compression.budget = 1 << 30; }), Error);
}

}  // namespace
}  // namespace terse::relsim
