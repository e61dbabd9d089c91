#include <cmath>
#include <fstream>

#include "terse/core/error.hpp"
#include "terse/core/parallel.hpp"
#include "terse/relsim/extraction/extractor_answers.hpp"
#include "terse/relsim/extraction/extractor_artifact.hpp"
#include "terse/relsim/extraction/extractor_checkpoint.hpp"
#include "terse/relsim/extraction/extractor_trainer.hpp"
#include "terse/relsim/extraction/margin_cost.hpp"
#include "terse_catch.hpp"
#include "whole_run.hpp"

namespace terse::relsim {
namespace {

/// Sentences "x… head y… tail z…" whose relation is told by one word between the entities.
std::vector<Sentence> toy_sentences(std::size_t count, std::uint64_t seed) {
  core::RandomSequence random({seed, 1, 0});
  std::vector<Sentence> set;
  for (std::size_t i = 0; i < count; ++i) {
    Sentence s;
    s.relation = static_cast<std::int32_t>(random.below(3));
    const auto fill = [&] {
      for (auto n = random.below(4); n-- > 0;) s.tokens.push_back("w" + std::to_string(random.below(20)));
    };
    const auto entity = [&](Span& span, std::string& name) {
      span.begin = static_cast<std::int32_t>(s.tokens.size());
      name = "e" + std::to_string(random.below(50));
      s.tokens.push_back(name);
      span.end = static_cast<std::int32_t>(s.tokens.size());
    };
    fill();
    entity(s.head, s.head_name);
    s.tokens.push_back("tells" + std::to_string(s.relation));
    fill();
    entity(s.tail, s.tail_name);
    fill();
    set.push_back(std::move(s));
  }
  return set;
}

ExtractorShape small_shape(ExtractorKind kind, const FeatureVocabulary& vocabulary) {
  ExtractorShape shape;
  shape.kind = kind;
  shape.words = vocabulary.words.size() + 2;
  shape.relations = 3;
  shape.word_dim = 12;
  shape.distance_dim = 4;
  shape.hidden = 16;
  shape.layers = 1;
  shape.dropout = 0.1;
  return shape;
}

ExtractorTrainingOptions quick_options() {
  ExtractorTrainingOptions options;
  options.epochs = 6;
  options.batch = 16;
  options.lr = 1e-2;
  return options;
}

ExtractorEpoch train_whole(Extractor& extractor, const FeatureVocabulary& vocabulary, std::span<const Sentence> train,
                           std::span<const Sentence> held_out, const ExtractorTrainingOptions& options) {
  ExtractorTrainer trainer(extractor, vocabulary, train, held_out, {}, std::nullopt, options);
  run_epochs(trainer);
  return trainer.finish();
}

TEST_CASE("both extractors learn from words and places", "[relsim]") {
  const auto train = toy_sentences(240, 1), test = toy_sentences(90, 2);
  const auto vocabulary = FeatureVocabulary::of(train, 1, 100);
  for (const auto kind : {ExtractorKind::PaLstm, ExtractorKind::Transformer}) {
    for (const auto level : {act::Level::L0, act::Level::L1, act::Level::L2_2}) {
      Extractor extractor(small_shape(kind, vocabulary), 1);
      auto options = quick_options();
      options.compression.level = level;
      options.compression.adapt_every = 20;
      const auto best = train_whole(extractor, vocabulary, train, test, options);
      INFO(to_string(kind) << " " << act::to_string(level));
      CHECK(best.micro_f1 > 0.9);  // by chance 0.33
      CHECK(best.activations.exact_bytes > 0);
      CHECK((best.activations.average_bits > 0) == (level == act::Level::L2_2));
      CHECK((best.activations.steps_spent_on_probes > 0) == (level == act::Level::L2_2));
      if (level != act::Level::L0) CHECK(best.activations.stored_bytes < best.activations.exact_bytes / 2);
    }
  }
}

TEST_CASE("padding and company change no logits", "[relsim]") {
  auto set = toy_sentences(20, 3);
  const auto vocabulary = FeatureVocabulary::of(set, 1, 100);
  for (const auto kind : {ExtractorKind::PaLstm, ExtractorKind::Transformer}) {
    Extractor extractor(small_shape(kind, vocabulary), 5);
    const auto all = extract_logits(extractor, vocabulary, set);
    for (std::size_t i = 0; i < set.size(); ++i) {
      const auto one = extract_logits(extractor, vocabulary, std::span(set).subspan(i, 1));
      for (std::size_t r = 0; r < 3; ++r) CHECK(one[r] == Approx(all[3 * i + r]).margin(1e-5));
    }
    core::set_threads(1);
    const auto again = extract_logits(extractor, vocabulary, set);
    core::set_threads(0);
    CHECK((again == all));
  }
}

TEST_CASE("extractors depend on their seed alone, and artifacts give them back", "[relsim]") {
  const auto train = toy_sentences(60, 1);
  const auto vocabulary = FeatureVocabulary::of(train, 1, 100);
  const auto logits = [&](std::uint64_t seed, int threads) {
    core::set_threads(threads);
    Extractor extractor(small_shape(ExtractorKind::PaLstm, vocabulary), seed);
    auto options = quick_options();
    options.epochs = 2;
    options.seed = seed;
    train_whole(extractor, vocabulary, train, {}, options);
    auto result = extract_logits(extractor, vocabulary, train);
    const auto stored = store_extractor(extractor, vocabulary, {"a", "b", "c"}, "b");
    const auto loaded = load_extractor(stored, "stored");
    CHECK((extract_logits(*loaded.extractor, loaded.vocabulary, train) == result));
    CHECK(loaded.excluded == "b");
    auto bad = stored;
    bad.parameters.pop_back();
    CHECK_THROWS_WITH(load_extractor(bad, "bad"), Catch::Contains("bad: tensor"));
    bad = stored;
    bad.parameters.front().as<float>()[0] = INFINITY;
    CHECK_THROWS_WITH(load_extractor(bad, "bad"), Catch::Contains("holds a value that is no number"));
    bad = stored;
    bad.spec = "mlp";
    CHECK_THROWS_WITH(load_extractor(bad, "bad"), Catch::Contains("'mlp' is no extractor"));
    core::set_threads(0);
    return result;
  };
  const auto one = logits(1, 1);
  CHECK((logits(1, 2) == one));
  CHECK((logits(2, 1) != one));
}

TEST_CASE("margin costs: α is their mean, near relations cost more", "[relsim]") {
  const std::vector<double> divergences{0, 1, 3, 2, 0, INFINITY, INFINITY, INFINITY, 0};
  for (const double alpha : {0.5, 4.0}) {
    const auto costs = margin_costs(divergences, 3, alpha, 2);
    const double near = std::exp(-0.5), far = std::exp(-1.5);
    CHECK(costs[0] == 0);
    CHECK(costs[1] == Approx(2 * alpha * near / (near + far)));
    CHECK(costs[2] == Approx(2 * alpha * far / (near + far)));
    CHECK(costs[3] == Approx(2 * alpha));  // the only one known
    CHECK(costs[5] == 0);
    CHECK(costs[6] == Approx(alpha));  // nothing known
    CHECK(costs[7] == Approx(alpha));
    CHECK(costs[8] == 0);
  }
  const auto flat = margin_costs(divergences, 3, 1, 1e6);
  CHECK(flat[1] == Approx(1).epsilon(1e-5));
}

TEST_CASE("precision, recall and F1, by hand", "[relsim]") {
  const std::vector<std::int32_t> truths{0, 0, 1, 1, 2, 2}, answers{0, 1, 1, 1, 0, 2};
  const auto all = score_classification(truths, answers, 4, std::nullopt);
  CHECK(all.accuracy == Approx(4.0 / 6));
  CHECK(all.micro.f1 == Approx(4.0 / 6));
  CHECK(all.classes[1].precision == Approx(2.0 / 3));
  CHECK(all.classes[1].recall == 1);
  CHECK(all.macro.f1 == Approx((0.5 + 0.8 + 2.0 / 3) / 3));  // class 3 has no sentences
  // Without class 0: answers 1 1 1 2, of which three are right; truths 1 1 2 2.
  const auto some = score_classification(truths, answers, 4, 0);
  CHECK(some.micro.precision == Approx(3.0 / 4));
  CHECK(some.micro.recall == Approx(3.0 / 4));
  CHECK(some.accuracy == Approx(4.0 / 6));
}

TEST_CASE("long sentences are cut around their entities", "[relsim]") {
  Sentence s;
  for (int i = 0; i < 100; ++i) s.tokens.push_back("t" + std::to_string(i));
  s.head = {70, 72};
  s.tail = {60, 61};
  const std::vector<Sentence> set{s};
  const auto vocabulary = FeatureVocabulary::of(set, 1, 30);
  const std::vector<std::uint32_t> chosen{0};
  const auto batch = make_batch(vocabulary, set, chosen);
  CHECK(batch.words.size(1) == 30);
  CHECK(batch.lengths[0].item<std::int64_t>() == 30);
  CHECK(batch.head_distance.eq(kFarthest + 1).sum().item<std::int64_t>() == 2);
  CHECK(batch.tail_distance.eq(kFarthest + 1).sum().item<std::int64_t>() == 1);
  CHECK(batch.words[0][0].item<std::int64_t>() == *vocabulary.words.find("t51") + 2);
}

TEST_CASE("an extractor's run goes on from its checkpoint bit for bit", "[relsim]") {
  const auto train = toy_sentences(120, 7), test = toy_sentences(40, 8);
  const auto vocabulary = FeatureVocabulary::of(train, 1, 100);
  auto options = quick_options();
  options.epochs = 5;
  options.compression.level = GENERATE(act::Level::L1, act::Level::L2_2);
  options.compression.adapt_every = 3;
  const auto digest = sentences_digest(train, test, {});
  CHECK(digest != sentences_digest(test, train, {}));
  for (const auto kind : {ExtractorKind::PaLstm, ExtractorKind::Transformer}) {
    const auto shape = small_shape(kind, vocabulary);
    Extractor whole(shape, 1), half(shape, 1), resumed(shape, 2);
    const auto best = train_whole(whole, vocabulary, train, test, options);
    formats::Checkpoint saved;
    {
      ExtractorTrainer trainer(half, vocabulary, train, test, {}, std::nullopt, options);
      for (int i = 0; i < 2; ++i) trainer.run_epoch();
      saved = store_state(trainer.state(), shape, options, digest);
    }
    ExtractorTrainer trainer(resumed, vocabulary, train, test, {}, std::nullopt, options);
    const auto load = [&](const ExtractorTrainingOptions& with, const std::string& of, std::uint64_t seed) {
      return load_state(saved, seed, trainer.state(), shape, with, of, "state");
    };
    auto other = options;
    other.lr = 1e-3;
    CHECK_THROWS_WITH(load(other, digest, 0), Catch::Contains("state: was saved with lr 0.01, this run has 0.001"));
    CHECK_THROWS_WITH(load(options, "another", 0), Catch::Contains("this run has another"));
    CHECK_THROWS_WITH(load(options, digest, 5), Catch::Contains("was saved with seed 5, this run has 0"));
    trainer.restore(load(options, digest, 0));
    while (!trainer.done()) trainer.run_epoch();
    const auto resumed_best = trainer.finish();
    CHECK(resumed_best.epoch == best.epoch);
    CHECK(resumed_best.loss == best.loss);
    const auto expected = whole.named_parameters(), found = resumed.named_parameters();
    for (const auto& parameter : expected) CHECK(at::equal(parameter.value(), found[parameter.key()]));
    saved.optimizer_state.pop_back();
    CHECK_THROWS_WITH(load(options, digest, 0), Catch::Contains("state: tensor"));
  }
}

}  // namespace
}  // namespace terse::relsim
