#include "terse/relsim/embedding/embedding_trainer.hpp"

#include <cmath>
#include <cstdlib>

#include "terse/core/error.hpp"
#include "terse/core/parallel.hpp"
#include "terse/relsim/embedding/embedding_artifact.hpp"
#include "terse/relsim/embedding/embedding_checkpoint.hpp"
#include "terse/relsim/kb/triple_reader.hpp"
#include "terse_catch.hpp"

namespace terse::relsim {
namespace {

KnowledgeBase nations() {
  const char* data = std::getenv("TERSE_DATA");
  REQUIRE(data != nullptr);
  return read_knowledge_base({std::string(data) + "/kb/nations/train.tsv"});
}

EmbeddingTrainingOptions options_for(ScoreModel model) {
  EmbeddingTrainingOptions options;
  options.model = model;
  options.dim = 24;
  options.batch = 200;
  options.negatives.count = 3;
  options.step.loss = model == ScoreModel::TransE ? RankingLoss::Margin : RankingLoss::Softmax;
  if (model == ScoreModel::RotatE) {
    options.step.loss = RankingLoss::Logistic;
    options.step.margin = 3;
  }
  options.step.l2 = 1e-3;
  return options;
}

const ScoreModel kModels[] = {ScoreModel::TransE, ScoreModel::DistMult, ScoreModel::ComplEx, ScoreModel::RotatE,
                              ScoreModel::Rescal};

EmbeddingState trained(const KnowledgeBase& kb, const EmbeddingTrainingOptions& options, int epochs) {
  EmbeddingTrainer trainer(kb.triples, {}, kb.entities.size(), kb.relations.size(), options);
  for (int i = 0; i < epochs; ++i) trainer.run_epoch();
  return trainer.state();
}

/// Loss of a batch by itself, at the model as it is.
double loss_at(const EmbeddingModel& model, const EmbeddingStepOptions& options, const EmbeddingBatch& batch) {
  auto copy = model;
  EmbeddingStep step(copy, options);
  return step.step(batch);
}

TEST_CASE("a step of plain descent goes down the loss's own slope", "[relsim][numeric]") {
  // With learning rate ε, a value changes by -ε times the loss's derivative in it: compared with central differences.
  const std::vector<Triple> facts{{0, 1, 2}, {3, 0, 1}, {0, 1, 1}};
  const std::vector<Triple> negatives{{0, 2, 2}, {4, 1, 2}, {3, 0, 2}, {0, 0, 1}, {0, 2, 1}};
  const std::vector<std::size_t> begin{0, 2, 3, 5};
  const PairIndex known(facts);
  for (const auto model_kind : {ScoreModel::DistMult, ScoreModel::ComplEx, ScoreModel::Rescal, ScoreModel::TransE}) {
    for (const auto loss : {RankingLoss::Logistic, RankingLoss::Softmax}) {
      for (const bool all : {false, true}) {
        auto model = EmbeddingModel::random(model_kind, 6, 2, 5, 3, 4);
        for (auto& value : model.entity) value *= 0.5f;  // away from TransE's bound on lengths
        EmbeddingStepOptions options;
        options.loss = loss;
        options.rule = learn::OptimizerKind::Sgd;
        options.lr = 1e-2;
        EmbeddingBatch batch{facts, begin, negatives, nullptr};
        if (all) batch = {facts, {}, {}, &known};
        auto stepped = model;
        EmbeddingStep(stepped, options).step(batch);
        const auto check = [&](std::vector<float> EmbeddingModel::*table) {
          for (std::size_t i = 0; i < (model.*table).size(); ++i) {
            if ((model.*table)[i] == 0) continue;  // padding
            auto up = model, down = model;
            (up.*table)[i] += 1e-2f;
            (down.*table)[i] -= 1e-2f;
            const double slope = (loss_at(up, options, batch) - loss_at(down, options, batch)) / 2e-2;
            const double moved = static_cast<double>((stepped.*table)[i] - (model.*table)[i]);
            INFO(to_string(model_kind) << " value " << i);
            CHECK(moved == Approx(-1e-2 * slope).margin(3e-5));
          }
        };
        check(&EmbeddingModel::entity);
        check(&EmbeddingModel::relation);
      }
    }
  }
}

TEST_CASE("every model learns to tell relations apart", "[relsim]") {
  const auto kb = nations();
  const auto [train, held_out] = hold_out(kb.triples, 0.1, 1);
  for (const auto model : kModels) {
    EmbeddingTrainer trainer(train, held_out, kb.entities.size(), kb.relations.size(), options_for(model));
    while (!trainer.done()) trainer.run_epoch();
    INFO(to_string(model) << ": MRR " << trainer.best().mrr);
    CHECK(trainer.best().mrr > 0.2);  // by chance 0.08
    CHECK(trainer.best().mrr >= trainer.best().hits1);
  }
}

TEST_CASE("training is the same for any number of threads and another for another seed", "[relsim]") {
  const auto kb = nations();
  for (const auto model : kModels) {
    for (const bool all : {false, true}) {
      auto options = options_for(model);
      options.all_relations = all;
      options.negatives.corrupt = all ? Corrupt::Relations : Corrupt::Both;
      core::set_threads(1);
      const auto one = trained(kb, options, 2);
      core::set_threads(3);
      const auto three = trained(kb, options, 2);
      core::set_threads(0);
      CHECK(one.model.entity == three.model.entity);
      CHECK(one.model.relation == three.model.relation);
      options.seed = 5;
      CHECK(trained(kb, options, 2).model.entity != one.model.entity);
    }
  }
}

TEST_CASE("rows keep what their model asks of them", "[relsim]") {
  const auto kb = nations();
  const auto lengths = [](const EmbeddingModel& model, bool relation) {
    std::vector<float> packed;
    pack_rows(model.shape, relation, relation ? model.relation : model.entity, packed);
    return packed;
  };
  const auto transe = trained(kb, options_for(ScoreModel::TransE), 2).model;
  const auto entity = lengths(transe, false);
  for (std::size_t e = 0; e < entity.size(); e += 24) {
    float squares = 0;
    for (std::size_t i = 0; i < 24; ++i) squares += entity[e + i] * entity[e + i];
    CHECK(squares <= 1.0001f);
  }
  const auto rotation = lengths(trained(kb, options_for(ScoreModel::RotatE), 2).model, true);
  for (std::size_t r = 0; r < rotation.size(); r += 24) {
    for (std::size_t i = 0; i < 12; ++i)
      CHECK(std::hypot(rotation[r + i], rotation[r + 12 + i]) == Approx(1).epsilon(1e-5));
  }
}

TEST_CASE("τ falls to its lowest", "[relsim]") {
  const auto kb = nations();
  auto options = options_for(ScoreModel::TransE);
  options.negatives.draw = Draw::Similarity;
  options.tau_start = 8;
  options.tau_decay = 0.5;
  options.tau = 3;
  const auto relations = static_cast<std::size_t>(kb.relations.size());
  EmbeddingTrainer trainer(kb.triples, {}, kb.entities.size(), kb.relations.size(), options,
                           std::vector<double>(relations * relations, 1));
  CHECK(trainer.run_epoch().tau == 8);
  CHECK(trainer.run_epoch().tau == 4);
  CHECK(trainer.run_epoch().tau == 3);
}

TEST_CASE("a run goes on from its checkpoint bit for bit", "[relsim]") {
  const auto kb = nations();
  const auto [train, held_out] = hold_out(kb.triples, 0.1, 1);
  for (const auto rule : {learn::OptimizerKind::Sgd, learn::OptimizerKind::AdaGrad, learn::OptimizerKind::Adam}) {
    auto options = options_for(ScoreModel::ComplEx);
    options.step.rule = rule;
    options.seed = 3;
    EmbeddingTrainer whole(train, held_out, kb.entities.size(), kb.relations.size(), options);
    const auto digest = training_digest(train, held_out, {});
    formats::Checkpoint saved;
    for (int i = 0; i < 5; ++i) {
      if (i == 2) saved = store_state(whole.state(), options, digest);
      whole.run_epoch();
    }
    EmbeddingTrainer resumed(train, held_out, kb.entities.size(), kb.relations.size(), options);
    resumed.restore(load_state(saved, 3, resumed.state(), options, digest, "saved"));
    for (int i = 2; i < 5; ++i) resumed.run_epoch();
    CHECK(resumed.state().model.entity == whole.state().model.entity);
    CHECK(resumed.state().best_model.relation == whole.state().best_model.relation);
    CHECK(resumed.best().mrr == whole.best().mrr);

    auto other = options;
    other.step.lr *= 2;
    CHECK_THROWS_AS(load_state(saved, 3, resumed.state(), other, digest, "saved"), Error);
    CHECK_THROWS_AS(load_state(saved, 4, resumed.state(), options, digest, "saved"), Error);
    CHECK_THROWS_AS(load_state(saved, 3, resumed.state(), options, "0", "saved"), Error);
    auto cut = saved;
    cut.parameters.pop_back();
    CHECK_THROWS_AS(load_state(cut, 3, resumed.state(), options, digest, "saved"), Error);
  }
}

TEST_CASE("an artifact gives the embedding back", "[relsim]") {
  const auto kb = nations();
  for (const auto model : kModels) {
    const auto state = trained(kb, options_for(model), 1);
    auto stored = store_embedding(state.model, kb);
    const auto loaded = load_embedding(stored, "stored");
    CHECK(loaded.model.entity == state.model.entity);
    CHECK(loaded.model.relation == state.model.relation);
    CHECK(loaded.model.shape.model == model);
    CHECK(loaded.entities == kb.entities.names());
    CHECK((loaded.triples == kb.triples));

    auto bad = stored;
    bad.buffers[0].as<std::int32_t>()[1] = 55;
    CHECK_THROWS_WITH(load_embedding(bad, "bad"), Catch::Contains("bad: tensor 'triples': row 0"));
    bad = stored;
    bad.classes.pop_back();
    CHECK_THROWS_WITH(load_embedding(bad, "bad"), Catch::Contains("'relation' does not fit"));
    bad = stored;
    bad.spec = "mlp:width=3";
    CHECK_THROWS_WITH(load_embedding(bad, "bad"), Catch::Contains("'mlp:width=3' is no embedding"));
    bad = stored;
    bad.parameters.front().as<float>()[0] = std::nanf("");
    CHECK_THROWS_WITH(load_embedding(bad, "bad"), "bad: tensor 'entity' holds a value that is no number");
  }
}

}  // namespace
}  // namespace terse::relsim
