#include "terse/relsim/divergence/adaptive_divergence.hpp"

#include <random>

#include "naive_facts.hpp"
#include "terse/core/parallel.hpp"
#include "terse/relsim/divergence/head_design.hpp"
#include "terse/relsim/divergence/head_sample.hpp"
#include "terse/relsim/divergence/head_survey.hpp"
#include "terse/relsim/divergence/partition.hpp"
#include "terse/relsim/divergence/sampled_divergence.hpp"
#include "terse/relsim/statistics/student_t.hpp"
#include "terse_catch.hpp"

namespace terse::relsim {
namespace {

FactModel curved_model() {
  auto model = FactModel::random({.entities = 60, .relations = 5, .dim = 6, .hidden = 16}, 3);
  model.query *= 6;
  model.entity *= 3;
  return model;
}

/// Mean over pairs and seeds: relative error, and how often the interval holds the exact value.
struct Figures {
  double error = 0, covered = 0;
};

template <class Compute>
Figures over_seeds(const Divergences& exact, int seeds, const Compute& compute) {
  Figures figures;
  double pairs = 0;
  for (int seed = 1; seed <= seeds; ++seed) {
    const Divergences found = compute(static_cast<std::uint64_t>(seed));
    for (std::size_t i = 0; i < exact.swapped.size(); ++i) {
      const double off = std::abs(found.swapped[i] - exact.swapped[i]);
      figures.error += off / exact.swapped[i];
      figures.covered += off <= found.swapped_error[i] + 1e-9;
      ++pairs;
    }
  }
  return {figures.error / pairs, figures.covered / pairs};
}

TEST_CASE("quantiles of Student's t are those of the tables", "[relsim]") {
  CHECK(student_t_quantile(0.975, 1) == Approx(12.706204736432095).epsilon(1e-9));
  CHECK(student_t_quantile(0.975, 4) == Approx(2.776445105197793).epsilon(1e-9));
  CHECK(student_t_quantile(0.975, 19) == Approx(2.093024054408263).epsilon(1e-9));
  CHECK(student_t_quantile(0.95, 2.5) == Approx(2.5582194).epsilon(1e-6));
  CHECK(student_t_quantile(0.025, 1e6) == Approx(-1.959966).epsilon(1e-6));
}

TEST_CASE("quantiles for many intervals are those of Student's t", "[relsim]") {
  for (const double degrees : {1.0, 1.01, 1.3, 2.0, 3.7, 8.0, 30.0, 500.0, 1e9}) {
    CHECK(student_t_95(degrees) == Approx(student_t_quantile(0.975, degrees)).epsilon(1e-4));
  }
}

TEST_CASE("weights of entities multiply what they count in a partition function", "[relsim]") {
  // Weight 3 says what three copies of an entity say.
  for (const auto type : {at::kFloat, at::kDouble}) {
    const auto table = FactModel::random({.entities = 70, .relations = 2, .dim = 5, .hidden = 4}, 1).entity.to(type);
    const auto u = FactModel::random({.entities = 9, .relations = 2, .dim = 5, .hidden = 4}, 2).entity.to(type);
    const auto weighted = EntityTable(table, at::full({70}, std::log(3.0), table.options())).partition(u, true);
    const auto copies = EntityTable(at::cat({table, table, table}, 0)).partition(u, true);
    CHECK(weighted.mean.sizes() == copies.mean.sizes());
    CHECK((weighted.log_z - copies.log_z).abs().max().item<double>() < 1e-5);
    CHECK((weighted.mean - copies.mean).abs().max().item<double>() < 1e-5);
  }
}

TEST_CASE("large models are surveyed at two levels, right on average and for any number of threads",
          "[relsim][numeric]") {
  auto model = FactModel::random({.entities = 4200, .relations = 3, .dim = 6, .hidden = 16}, 5);
  model.query *= 6;
  model.entity *= 4;
  const auto exact = exact_divergences(model);
  AdaptiveOptions options;
  options.precision = Precision::Single;
  options.tolerance = 0.2;
  double covered = 0, error = 0, pairs = 0;
  for (int seed = 1; seed <= 40; ++seed) {
    options.seed = static_cast<std::uint64_t>(seed);
    const auto found = adaptive_divergences(model, options);
    CHECK(found.sketched_heads > found.heads);
    CHECK(found.heads < 4200);
    CHECK(found.open_relations == 0);
    for (std::size_t i = 0; i < exact.swapped.size(); ++i) {
      const double off = std::abs(found.swapped[i] - exact.swapped[i]);
      covered += off <= found.swapped_error[i] + 1e-9;
      error += off / exact.swapped[i];
      ++pairs;
    }
  }
  INFO("error " << error / pairs << ", covered " << covered / pairs);
  CHECK(error / pairs < 0.12);
  CHECK(covered / pairs > 0.85);
  CHECK(covered / pairs < 1);
  core::set_threads(1);
  const auto alone = adaptive_divergences(model, options);
  core::set_threads(3);
  const auto together = adaptive_divergences(model, options);
  core::set_threads(0);
  CHECK(alone.same == together.same);
  CHECK(alone.swapped_error == together.swapped_error);
  // So tight a tolerance is cheaper met at all tails, and then exactly.
  options.tolerance = 1e-7;
  const auto tight = adaptive_divergences(model, options);
  CHECK(tight.sketched_heads == 0);
  CHECK(tight.heads == 4200);
  for (std::size_t i = 0; i < exact.same.size(); ++i)
    CHECK(tight.same[i] == Approx(exact.same[i]).epsilon(1e-4).margin(1e-6));
}

TEST_CASE("each relation expects as many heads as it asks for, in proportion to their mass", "[relsim]") {
  const std::vector<double> mass{0.5, 0.25, 0.15, 0.06, 0.04, 0.2, 0.2, 0.2, 0.2, 0.2};
  const HeadDesign design(mass, 2);
  std::vector<std::uint8_t> visited(5);
  const auto first = design.probabilities(std::vector<double>{3, 0}, visited);
  CHECK(first[0] == 1);
  CHECK(first[1] == 1);
  CHECK(first[2] + first[3] + first[4] == Approx(1));
  CHECK(first[2] / first[4] == Approx(0.15 / 0.04));
  const auto second = design.probabilities(std::vector<double>{0, 2}, visited);
  for (const double p : second) CHECK(p == Approx(0.4));
  const auto both = design.probabilities(std::vector<double>{3, 2}, visited);
  for (std::size_t h = 0; h < 5; ++h) CHECK(both[h] == std::max(first[h], second[h]));
  const HeadDesign sum(mass, 2, HeadSharing::Sum);
  const auto shared = sum.probabilities(std::vector<double>{3, 2}, visited);
  for (std::size_t h = 0; h < 5; ++h) CHECK(shared[h] == Approx(std::min(1.0, first[h] + second[h])));
  visited[0] = 1;
  CHECK(sum.probabilities(std::vector<double>{4, 0}, visited) == std::vector<double>{0, 1, 1, 1, 1});
  CHECK(design.probabilities(std::vector<double>{4, 0}, visited) == std::vector<double>{0, 1, 1, 1, 1});
}

TEST_CASE("a round of shared heads counts for relations that ask for less than one", "[relsim]") {
  constexpr std::size_t relations = 100, entities = 2000;
  const std::vector<double> mass(relations * entities, 1.0 / entities);
  core::set_threads(1);
  HeadSurvey survey(mass, relations, 1, 3, "test", HeadSharing::Sum, [](std::span<const std::int64_t> heads) {
    auto values = at::empty({static_cast<std::int64_t>(heads.size()), 100, 1}, at::kDouble);
    for (std::size_t i = 0; i < heads.size(); ++i)
      values[static_cast<std::int64_t>(i)].fill_(static_cast<double>(heads[i]) / entities);
    return values;
  });
  survey.draw(std::vector<double>(relations, 0.04), {});  // four heads, to see what one costs
  survey.draw(std::vector<double>(relations, 0.9), {});
  core::set_threads(0);
  // The error of the mean of 90 uniform numbers, and not of 4 and 90 in equal parts.
  const auto estimate = survey.estimate(7);
  CHECK(std::abs(estimate.value - 0.5) < 0.11);
  CHECK(estimate.half_width() > 0.04);
  CHECK(estimate.half_width() < 0.08);
}

TEST_CASE("intervals know the masses of heads that were unlikely to be drawn", "[relsim][numeric]") {
  // One relation and one query; a third of the mass lies on heads of which a third of the samples hold none.
  constexpr std::size_t kLikely = 40, kUnlikely = 20, kHeads = kLikely + kUnlikely;
  const std::vector<double> mass(kHeads, 1.0 / kHeads);
  const std::vector<std::uint8_t> visited(kHeads);
  std::mt19937_64 random(7);
  const auto uniform = [&] { return static_cast<double>(random() >> 11) * 0x1p-53; };
  int covered = 0;
  constexpr int kSamples = 4000;
  for (int sample = 0; sample < kSamples; ++sample) {
    std::vector<double> divergence(kHeads);
    double truth = 0;
    for (auto& value : divergence) truth += (value = uniform()) / kHeads;
    HeadSample heads(mass, 1, visited);
    for (std::size_t h = 0; h < kHeads; ++h) {
      const double probability = h < kLikely ? 0.95 : 0.05;
      if (uniform() < probability) heads.add(static_cast<std::int64_t>(h), probability);
    }
    heads.weigh();
    HeadSums sums;
    sums.resize(1);
    for (std::size_t i = 0; i < heads.heads().size(); ++i) {
      heads.accumulate(i, &divergence[static_cast<std::size_t>(heads.heads()[i])], 1, sums);
    }
    const auto estimate = heads.estimate(0, sums.at(0));
    covered += std::abs(estimate.value - truth) <= estimate.half_width();
  }
  INFO("covered " << static_cast<double>(covered) / kSamples);
  CHECK(covered > 0.93 * kSamples);
  CHECK(covered < 0.99 * kSamples);
}

TEST_CASE("adaptive intervals hold the exact value as often as they say", "[relsim][numeric]") {
  const auto model = curved_model();
  const auto exact = exact_divergences(model);
  for (const double heads : {6, 12}) {
    AdaptiveOptions options;
    options.heads = heads;
    const auto figures = over_seeds(exact, 300, [&](std::uint64_t seed) {
      options.seed = seed;
      return adaptive_divergences(model, options);
    });
    INFO(heads << " heads: error " << figures.error << ", covered " << figures.covered);
    CHECK(figures.error > 0);
    // Pairs of one seed share heads, so that 300 seeds are worth little more than 300 draws: 4 sigma are 0.05.
    CHECK(figures.covered > 0.90);
    CHECK(figures.covered < 0.99);
  }
}

TEST_CASE("more heads than there are make adaptive divergences exact", "[relsim]") {
  const auto model = curved_model();
  const auto exact = exact_divergences(model);
  AdaptiveOptions options;
  options.heads = 100;
  const auto found = adaptive_divergences(model, options);
  CHECK(found.heads == 60);
  for (std::size_t i = 0; i < exact.same.size(); ++i) {
    CHECK(found.same[i] == Approx(exact.same[i]).epsilon(1e-9));
    CHECK(found.same_error[i] == 0);
    CHECK(found.swapped_error[i] == 0);
  }
}

TEST_CASE("adaptive divergences meet the tolerance, the tighter the more heads", "[relsim]") {
  const auto model = curved_model();
  AdaptiveOptions options;
  options.seed = 4;
  std::int64_t heads = 0;
  for (const double tolerance : {1.0, 0.4, 0.001}) {
    options.tolerance = tolerance;
    const auto found = adaptive_divergences(model, options);
    CHECK(found.open_relations == 0);
    CHECK(found.heads >= heads);
    if (tolerance == 1.0) CHECK(found.heads < 30);
    heads = found.heads;
    double widths = 0;
    for (std::size_t i = 0; i < found.swapped.size(); ++i) widths += found.swapped_error[i] / found.swapped[i];
    CHECK(widths / static_cast<double>(found.swapped.size()) <= 2 * tolerance);
  }
  CHECK(heads > 30);
}

TEST_CASE("adaptive divergences stop when the time is up, and say what is still uncertain", "[relsim]") {
  const auto model = curved_model();
  AdaptiveOptions options;
  options.tolerance = 1e-6;
  options.seconds = 1e-6;
  const auto found = adaptive_divergences(model, options);
  CHECK(found.heads < 60);
  CHECK(found.open_relations == 5);
  for (std::size_t i = 0; i < found.swapped.size(); ++i) {
    CHECK(std::isfinite(found.swapped[i]));
    CHECK(found.swapped_error[i] > 0);
  }
  options.seconds = 1000;
  CHECK(adaptive_divergences(model, options).open_relations == 0);
}

TEST_CASE("sampled divergences are right on average, and far less so each", "[relsim][numeric]") {
  const auto model = curved_model();
  const auto exact = exact_divergences(model);
  SampleOptions options;
  const auto few = over_seeds(exact, 200, [&](std::uint64_t seed) {
    options.seed = seed;
    return sampled_divergences(model, options);
  });
  CHECK(few.covered > 0.88);
  CHECK(few.covered < 0.98);
  options.draws = 4000;
  const auto many = over_seeds(exact, 1, [&](std::uint64_t seed) {
    options.seed = seed;
    return sampled_divergences(model, options);
  });
  CHECK(many.error < few.error / 7);  // √200 is 14
}

TEST_CASE("drawn divergences do not depend on the number of threads", "[relsim]") {
  const auto model = curved_model();
  for (const auto precision : {Precision::Bfloat16, Precision::Single, Precision::Double}) {
    std::vector<Divergences> adaptive, sampled;
    for (const int threads : {1, 2, 3}) {
      core::set_threads(threads);
      AdaptiveOptions options;
      options.precision = precision;
      adaptive.push_back(adaptive_divergences(model, options));
      SampleOptions sample;
      sample.precision = precision;
      sampled.push_back(sampled_divergences(model, sample));
    }
    core::set_threads(0);
    for (int i = 1; i < 3; ++i) {
      CHECK(adaptive[0].same == adaptive[i].same);
      CHECK(adaptive[0].swapped_error == adaptive[i].swapped_error);
      CHECK(sampled[0].same == sampled[i].same);
      CHECK(sampled[0].swapped_error == sampled[i].swapped_error);
    }
  }
}

TEST_CASE("without the swapped orientation divergences are the same as with it", "[relsim]") {
  const auto model = curved_model();
  const auto both = exact_divergences(model);
  ExactOptions options;
  options.swapped = false;
  const auto one = exact_divergences(model, options);
  CHECK(one.swapped.empty());
  for (std::size_t i = 0; i < both.same.size(); ++i)
    CHECK(one.same[i] == Approx(both.same[i]).epsilon(1e-10).margin(1e-12));
}

}  // namespace
}  // namespace terse::relsim
