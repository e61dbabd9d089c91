#include "terse/relsim/divergence/exact_divergence.hpp"

#include <algorithm>

#include "naive_facts.hpp"
#include "terse/core/parallel.hpp"
#include "terse/relsim/facts/fact_trainer.hpp"
#include "terse/relsim/kb/triple_reader.hpp"
#include "terse_catch.hpp"
#include "whole_run.hpp"

namespace terse::relsim {
namespace {

/// Largest difference from enumeration over all pairs, relative to the divergence or to `floor` nats if that is more.
double worst_difference(const FactModel& model, const Divergences& found, double floor = 0) {
  const auto relations = static_cast<std::size_t>(model.shape().relations);
  std::vector<naive::Table> joint;
  for (std::size_t q = 0; q < 2 * relations; ++q) {
    joint.push_back(naive::log_joint(model, static_cast<std::int64_t>(q)));
  }
  double worst = 0;
  for (std::size_t a = 0; a < relations; ++a) {
    for (std::size_t b = 0; b < relations; ++b) {
      const double same = naive::divergence(joint[a], joint[b]);
      const double swapped = naive::divergence(joint[a], joint[relations + b]);
      if (a != b) worst = std::max(worst, std::abs(found.same[a * relations + b] - same) / std::max(same, floor));
      worst = std::max(worst, std::abs(found.swapped[a * relations + b] - swapped) / std::max(swapped, floor));
    }
  }
  return worst;
}

/// A model whose distributions differ visibly: random weights, vectors made larger.
FactModel spread_model(std::uint64_t seed) {
  auto model = FactModel::random({.entities = 23, .relations = 4, .dim = 6, .hidden = 16}, seed);
  model.query *= 6;
  model.entity *= 4;
  return model;
}

TEST_CASE("exact divergences equal enumeration in double precision", "[relsim]") {
  for (const std::uint64_t seed : {1, 2, 3}) {
    const auto model = spread_model(seed);
    ExactOptions options;
    CHECK(worst_difference(model, exact_divergences(model, options)) < 1e-11);
    options.precision = Precision::Single;
    CHECK(worst_difference(model, exact_divergences(model, options)) < 1e-4);
  }
}

TEST_CASE("bfloat16 gives the divergences of a model that differs a little", "[relsim]") {
  for (const std::uint64_t seed : {1, 2, 3}) {
    const auto model = spread_model(seed);
    ExactOptions options;
    options.precision = Precision::Bfloat16;
    const auto found = exact_divergences(model, options);
    CHECK(found.precision == Precision::Bfloat16);
    const double worst = worst_difference(model, found, 1);
    CHECK(worst < 0.02);
    CHECK(worst > 1e-5);  // or nothing was rounded
    for (const auto* part : {&found.same, &found.swapped}) CHECK(*std::min_element(part->begin(), part->end()) >= 0);
  }
  // Rounded all alike: relations of one vector are no further apart than they are without.
  auto model = spread_model(4);
  model.query[1] = model.query[0];
  ExactOptions options;
  options.precision = Precision::Bfloat16;
  CHECK(exact_divergences(model, options).same[1] < 1e-5);
}

TEST_CASE("exact divergences of a model trained on nations equal enumeration", "[relsim]") {
  const char* data = std::getenv("TERSE_DATA");
  REQUIRE(data != nullptr);
  const auto kb = read_knowledge_base({std::string(data) + "/kb/nations/train.tsv"});
  FactTrainingOptions training;
  training.hidden = 64;
  training.epochs = 8;
  FactTrainer trainer(kb.triples, {}, kb.entities.size(), kb.relations.size(), training);
  run_epochs(trainer);
  const auto trained = trainer.result();
  ExactOptions options;
  CHECK(worst_difference(trained.model, exact_divergences(trained.model, options)) < 1e-9);
  options.precision = Precision::Single;
  // float32 is right to a few millionths of a nat, which is a larger part of a small divergence.
  CHECK(worst_difference(trained.model, exact_divergences(trained.model, options), 1) < 1e-5);
}

TEST_CASE("exact divergences do not depend on the number of threads", "[relsim]") {
  auto model = FactModel::random({.entities = 700, .relations = 30, .dim = 12, .hidden = 24}, 5);
  model.query *= 4;
  for (const auto precision : {Precision::Bfloat16, Precision::Single, Precision::Double}) {
    ExactOptions options;
    options.precision = precision;
    std::vector<Divergences> results;
    for (const int threads : {1, 2, 3}) {
      core::set_threads(threads);
      results.push_back(exact_divergences(model, options));
    }
    core::set_threads(0);
    CHECK(results[0].same == results[1].same);
    CHECK(results[0].same == results[2].same);
    CHECK(results[0].swapped == results[1].swapped);
    CHECK(results[0].swapped == results[2].swapped);
  }
}

TEST_CASE("a relation and its copy do not diverge, nor a relation and its inverse's inverse", "[relsim]") {
  auto model = spread_model(7);
  // Relation 1 is relation 0 again; relation 3 is relation 2 with heads and tails exchanged.
  model.query[1].copy_(model.query[0]);
  model.query[5].copy_(model.query[4]);
  model.query[3].copy_(model.query[6]);
  model.query[7].copy_(model.query[2]);
  const auto found = exact_divergences(model);
  CHECK(found.same[0 * 4 + 1] < 1e-12);
  CHECK(found.same[2 * 4 + 3] > 1e-3);
  CHECK(found.swapped[2 * 4 + 3] < 1e-12);
  CHECK(found.swapped[3 * 4 + 2] < 1e-12);
}

}  // namespace
}  // namespace terse::relsim
