#include <algorithm>
#include <cmath>

#include "naive_facts.hpp"
#include "terse/core/error.hpp"
#include "terse/core/parallel.hpp"
#include "terse/core/philox.hpp"
#include "terse/relsim/prediction/count_scorer.hpp"
#include "terse/relsim/prediction/error_analysis.hpp"
#include "terse/relsim/prediction/fact_scorer.hpp"
#include "terse/relsim/prediction/scorer_mixture.hpp"
#include "terse/relsim/ranking/relation_ranks.hpp"
#include "terse_catch.hpp"

namespace terse::relsim {
namespace {

const std::vector<Triple> kFacts{{0, 0, 1}, {0, 0, 2}, {1, 0, 2}, {3, 1, 0}, {2, 1, 0}, {0, 2, 3}};

std::vector<double> scores_of(const RelationScorer& scorer, std::int32_t head, std::vector<std::int32_t> tails) {
  std::vector<double> scores(tails.size() * static_cast<std::size_t>(scorer.relations()));
  scorer.score(head, tails, scores);
  return scores;
}

TEST_CASE("counts score by their formula", "[relsim]") {
  constexpr double kSmoothing = 0.7;
  const CountScorer scorer(kFacts, 5, 4, kSmoothing);  // entity 4 and relation 3 are never seen
  const auto count = [](auto holds) { return static_cast<double>(std::count_if(kFacts.begin(), kFacts.end(), holds)); };
  for (std::int32_t h = 0; h < 5; ++h) {
    const auto scores = scores_of(scorer, h, {0, 1, 2, 3, 4});
    for (std::int32_t t = 0; t < 5; ++t) {
      for (std::int32_t r = 0; r < 4; ++r) {
        const double facts = count([&](const Triple& f) { return f.relation == r; });
        const auto base = [&](std::int32_t e) {
          return (1 + count([&](const Triple& f) { return f.head == e; }) +
                  count([&](const Triple& f) { return f.tail == e; })) /
                 17;
        };
        const double heads = count([&](const Triple& f) { return f.relation == r && f.head == h; });
        const double tails = count([&](const Triple& f) { return f.relation == r && f.tail == t; });
        const double expected = std::log((facts + 1) / 10) +
                                std::log((heads + kSmoothing * base(h)) / (facts + kSmoothing)) +
                                std::log((tails + kSmoothing * base(t)) / (facts + kSmoothing));
        CHECK(scores[static_cast<std::size_t>(t * 4 + r)] == Approx(expected));
      }
    }
  }
  CHECK_THROWS_AS(CountScorer(kFacts, 5, 4, 0), Error);
}

TEST_CASE("a counting model scores by its own probabilities", "[relsim]") {
  const std::vector<std::int64_t> counts{3, 2, 1};
  const CountModelScorer scorer(CountModel(kFacts, 4, 3, 1), counts);
  const CountModel model(kFacts, 4, 3, 1);
  const auto scores = scores_of(scorer, 0, {2, 3});
  for (std::int32_t r = 0; r < 3; ++r) {
    const double prior = std::log((static_cast<double>(counts[static_cast<std::size_t>(r)]) + 1) / 9);
    CHECK(scores[static_cast<std::size_t>(r)] == Approx(prior + model.log_probability(r, 0, 2)));
    CHECK(scores[static_cast<std::size_t>(3 + r)] == Approx(prior + model.log_probability(r, 0, 3)));
  }
}

TEST_CASE("a fact model scores by its exact joint distribution", "[relsim][numeric]") {
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    const auto model = FactModel::random({9, 4, 10, 16}, seed);
    const std::vector<std::int64_t> counts{5, 0, 2, 11};
    const FactScorer scorer(model, counts);
    std::vector<naive::Table> joint;
    for (std::int64_t r = 0; r < 4; ++r) joint.push_back(naive::log_joint(model, r));
    for (std::int32_t h = 0; h < 9; ++h) {
      const auto scores = scores_of(scorer, h, {8, 0, 3});
      std::size_t i = 0;
      for (const std::size_t t : {8u, 0u, 3u}) {
        for (std::size_t r = 0; r < 4; ++r) {
          const double prior = std::log((static_cast<double>(counts[r]) + 1) / 22);
          CHECK(scores[i++] == Approx(prior + joint[r][static_cast<std::size_t>(h)][t]).margin(1e-4));
        }
      }
    }
  }
}

TEST_CASE("a fact model mixed with counts scores by the mixture of both", "[relsim][numeric]") {
  const auto model = FactModel::random({4, 3, 10, 16}, 1);
  const std::vector<std::int64_t> counts{3, 2, 1};
  const CountMixture mixture{
      .smoothing = 0.3, .head = {0, 0.25f, 1, 0.5f, 0.5f, 0.5f}, .tail = {0.5f, 0, 1, 0.1f, 0.1f, 0.1f}};
  const FactScorer scorer(model, counts, MixedCounts{mixture, RoleCounts(kFacts, 4, 3)});
  const auto of = [&](std::size_t r, std::int32_t e, std::int32_t Triple::*role) {  // P(e|r) by counting
    double sum = 0.3;
    for (const auto& f : kFacts) sum += f.relation == static_cast<std::int32_t>(r) && f.*role == e;
    return sum / (static_cast<double>(counts[r]) + 4 * 0.3);
  };
  for (std::int32_t h = 0; h < 4; ++h) {
    const auto scores = scores_of(scorer, h, {2});
    for (std::size_t r = 0; r < 3; ++r) {
      double head = 0;
      const auto joint = naive::log_joint(model, static_cast<std::int64_t>(r));
      for (std::size_t t = 0; t < 4; ++t) head += std::exp(joint[static_cast<std::size_t>(h)][t]);
      const double tail = std::exp(joint[static_cast<std::size_t>(h)][2]) / head;
      const double w = static_cast<double>(mixture.head[r]), v = static_cast<double>(mixture.tail[r]);
      const double expected = std::log((static_cast<double>(counts[r]) + 1) / 9) +
                              std::log(w * head + (1 - w) * of(r, h, &Triple::head)) +
                              std::log(v * tail + (1 - v) * of(r, 2, &Triple::tail));
      CHECK(scores[r] == Approx(expected).margin(1e-4));
    }
  }
}

/// Truth plus noise: score of (h, r, t) is `signal` where r = (h + t) mod R, plus what the key says.
class NoisyScorer : public RelationScorer {
 public:
  NoisyScorer(double signal, double noise, std::uint64_t seed) : signal_(signal), noise_(noise), seed_(seed) {}
  void score(std::int32_t head, std::span<const std::int32_t> tails, std::span<double> scores) const override {
    for (std::size_t i = 0; i < tails.size(); ++i) {
      core::RandomSequence random({seed_, static_cast<std::uint64_t>(head), static_cast<std::uint32_t>(tails[i])});
      for (std::int32_t r = 0; r < 6; ++r) {
        scores[i * 6 + static_cast<std::size_t>(r)] =
            (r == (head + tails[i]) % 6 ? signal_ : 0) + noise_ * random.normal();
      }
    }
  }
  std::int32_t relations() const override { return 6; }

 private:
  double signal_, noise_;
  std::uint64_t seed_;
};

std::vector<Triple> grid(std::int32_t first, std::int32_t last) {
  std::vector<Triple> facts;
  for (auto h = first; h < last; ++h) {
    for (std::int32_t t = 0; t < 40; ++t) facts.push_back({h, (h + t) % 6, t});
  }
  return facts;
}

TEST_CASE("a mixture weighs scorers by what they know", "[relsim]") {
  // Normal noise of deviation s around a signal m: the log-likelihood ratio is m/s² times the score.
  const NoisyScorer good(2, 1, 1), weak(1, 2, 2), none(0, 1, 3);
  MixtureOptions options;
  options.learn_biases = false;
  const auto learned = grid(0, 60), test = grid(60, 90);
  const auto mixture = learn_mixture({&good, &weak, &none}, learned, PairIndex(learned), options);
  CHECK(mixture.weights()[0] == Approx(2).epsilon(0.15));
  CHECK(mixture.weights()[1] == Approx(0.25).epsilon(0.25));
  CHECK(std::abs(mixture.weights()[2]) < 0.12);
  const PairIndex known(test);
  const auto mrr = [&](const RelationScorer& scorer) {
    return summarize_ranks(rank_relations(scorer, test, known)).filtered.mrr;
  };
  CHECK(mrr(mixture) > mrr(good));
  CHECK(mrr(good) > mrr(weak));
  core::set_threads(1);
  const auto again = learn_mixture({&good, &weak, &none}, learned, PairIndex(learned), options);
  core::set_threads(0);
  CHECK(std::vector(again.weights().begin(), again.weights().end()) ==
        std::vector(mixture.weights().begin(), mixture.weights().end()));
}

TEST_CASE("biases learn how common relations are", "[relsim]") {
  const NoisyScorer none(0, 0, 1);
  std::vector<Triple> facts;
  for (std::int32_t i = 0; i < 3000; ++i) facts.push_back({i / 50, i % 10 < 7 ? 0 : i % 10 < 9 ? 1 : 2, i % 50});
  MixtureOptions options;
  options.learn_weights = false;
  options.prior = 1e-3;
  const auto mixture = learn_mixture({&none}, facts, PairIndex(facts), options);
  const auto scores = scores_of(mixture, 0, {1});
  CHECK(scores[0] - scores[1] == Approx(std::log(3.5)).epsilon(0.01));
  CHECK(scores[1] - scores[2] == Approx(std::log(2)).epsilon(0.02));
  CHECK(scores[2] - scores[3] > 5);
  CHECK_THROWS_AS(learn_mixture({&none}, {}, PairIndex(), options), Error);
}

TEST_CASE("relations that hold as well are no wrong answers to a mixture", "[relsim]") {
  // The scorer prefers relation (h + t) mod 6; the facts are those, and others that hold too and are scored as noise.
  const NoisyScorer good(3, 1, 1);
  const auto asked = grid(0, 40);
  auto all = asked;
  for (const auto& fact : asked) all.push_back({fact.head, (fact.relation + 1) % 6, fact.tail});
  MixtureOptions options;
  options.learn_biases = false;
  const auto filtered = learn_mixture({&good}, asked, PairIndex(all), options);
  CHECK(filtered.weights()[0] == Approx(3).epsilon(0.2));
  // The second relations alone are noise among noise once the first are known to hold.
  const std::vector<Triple> second(all.begin() + static_cast<std::ptrdiff_t>(asked.size()), all.end());
  CHECK(std::abs(learn_mixture({&good}, second, PairIndex(all), options).weights()[0]) < 0.15);
  CHECK(learn_mixture({&good}, second, PairIndex(second), options).weights()[0] < -0.2);
}

TEST_CASE("mistakes are ranked by similarity, by hand", "[relsim]") {
  formats::Similarity similarity;
  similarity.relations = {"a", "b", "c", "d"};
  similarity.divergence = {0, 1, 2, 3,  //
                           5, 0, 1, 2,  // from a: b at max(1, 5) = 5, c at 2, d at 3
                           2, 1, 0, 1,  //
                           3, 2, 1, 0};
  const SimilarityRanks ranks(similarity);
  CHECK(ranks.rank(0, 0) == 0);
  CHECK(ranks.rank(0, 1) == 3);
  CHECK(ranks.rank(0, 2) == 1);
  CHECK(ranks.rank(0, 3) == 2);
  CHECK(ranks.rank(2, 1) == 1);  // b and d are as near
  CHECK(ranks.rank(2, 3) == 2);
  const std::vector<Mistake> mistakes{{0, 1}, {0, 2}, {2, 1}, {2, 3}};
  const auto summary = summarize_mistakes(ranks, mistakes);
  CHECK(summary.mistakes == 4);
  CHECK(summary.top1 == 0.5);
  CHECK(summary.top5 == 1);
  CHECK(summary.mean_rank == Approx(7.0 / 4));
  CHECK(summary.chance_top1 == Approx(1.0 / 3));
  CHECK(summary.chance_top5 == 1);
  CHECK(summary.chance_mean_rank == 2);
  CHECK((summary.histogram == std::vector<std::int64_t>{2, 1, 1}));
  CHECK(summarize_mistakes(ranks, {}).top5 == 0);
}

}  // namespace
}  // namespace terse::relsim
