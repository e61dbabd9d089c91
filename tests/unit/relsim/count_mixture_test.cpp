#include "terse/relsim/facts/count_mixture.hpp"

#include <algorithm>
#include <cmath>

#include "terse/core/philox.hpp"
#include "terse_catch.hpp"

namespace terse::relsim {
namespace {

std::vector<Triple> random_triples(std::size_t count, std::int32_t entities, std::int32_t relations,
                                   std::uint64_t seed) {
  core::RandomSequence random({seed, 0, 0});
  const auto draw = [&](std::int32_t n) { return std::min(n - 1, static_cast<std::int32_t>(random.uniform() * n)); };
  std::vector<Triple> triples;
  for (std::size_t i = 0; i < count; ++i) triples.push_back({draw(entities), draw(relations), draw(entities)});
  return triples;
}

double counts_nats(std::span<const Triple> facts, const RoleCounts& counts, double smoothing) {
  double sum = 0;
  for (const auto& t : facts) {
    sum -= std::log(counts.probability(t.relation, t.head, smoothing)) +
           std::log(counts.probability(counts.relations() + t.relation, t.tail, smoothing));
  }
  return sum / static_cast<double>(facts.size());
}

TEST_CASE("role counts are those of a scan, and sum to one", "[relsim]") {
  const auto triples = random_triples(300, 11, 4, 5);
  const RoleCounts counts(triples, 11, 4);
  CHECK(counts.relations() == 4);
  for (std::int32_t r = 0; r < 4; ++r) {
    double heads = 0, tails = 0;
    for (std::int32_t e = 0; e < 11; ++e) {
      const auto count = [&](auto role) {
        return static_cast<double>(
            std::ranges::count_if(triples, [&](const Triple& t) { return t.relation == r && t.*role == e; }));
      };
      CHECK(counts.count(r, e) == count(&Triple::head));
      CHECK(counts.count(4 + r, e) == count(&Triple::tail));
      heads += counts.probability(r, e, 0.3);
      tails += counts.probability(4 + r, e, 0.3);
    }
    CHECK(heads == Approx(1));
    CHECK(tails == Approx(1));
  }
}

TEST_CASE("the mixture's shares are those of most likelihood, and never lose against counts", "[relsim][numeric]") {
  constexpr std::int32_t kEntities = 30, kRelations = 3;
  const auto train = random_triples(400, kEntities, kRelations, 1),
             held_out = random_triples(6000, kEntities, kRelations, 2);
  const RoleCounts counts(train, kEntities, kRelations);
  const auto observations = both_directions(held_out, kRelations);

  SECTION("a model without a clue is left out") {
    const std::vector<FactLogs> logs(observations.size(), {-20, -20});
    const auto fitted = mix_with_counts(logs, held_out, counts, 0.5);
    for (const auto* shares : {&fitted.mixture.head, &fitted.mixture.tail}) {
      for (const float share : *shares) CHECK(share < 1e-3f);
    }
    CHECK(fitted.nats <= counts_nats(held_out, counts, 0.5) + 1e-9);  // rounding of sums
    CHECK(fitted.nats == Approx(counts_nats(held_out, counts, 0.5)).epsilon(1e-3));
  }
  SECTION("a model that is certain takes over") {
    const std::vector<FactLogs> logs(observations.size(), {-0.01, -0.01});
    const auto fitted = mix_with_counts(logs, held_out, counts, 0.5);
    for (const float share : fitted.mixture.head) CHECK(share > 0.99f);
    CHECK(fitted.nats == Approx(0.02).margin(1e-3));
  }
  SECTION("shares are found where the facts come from a mixture") {
    // Of relation r's heads a share of (r + 1) / 4 comes from the model, which knows entity 0 only, the others from
    // counts alike; and so the likeliest share of the model is that, whatever the counts are where it knows.
    std::vector<Triple> facts;
    std::vector<FactLogs> logs;
    core::RandomSequence random({7, 0, 0});
    for (std::int32_t i = 0; i < 9000; ++i) {
      const auto r = i % kRelations;
      const bool by_model = random.uniform() < (r + 1) / 4.0;
      double at = random.uniform();
      std::int32_t head = 0;
      while (!by_model && head + 1 < kEntities && (at -= counts.probability(r, head, 0.5)) > 0) ++head;
      facts.push_back({head, r, 0});
      logs.push_back({head == 0 ? std::log(0.999) : std::log(0.001 / (kEntities - 1)), -5});
    }
    logs.resize(2 * logs.size(), {-20, -20});
    const auto fitted = mix_with_counts(logs, facts, counts, 0.5);
    for (std::int32_t r = 0; r < kRelations; ++r) {
      // Four standard errors of a share of 3000 facts.
      CHECK(static_cast<double>(fitted.mixture.head[static_cast<std::size_t>(r)]) ==
            Approx((r + 1) / 4.0).margin(4 * std::sqrt(0.25 / 3000) + 0.005));
    }
    CHECK(fitted.nats < counts_nats(facts, counts, 0.5));
  }
}

}  // namespace
}  // namespace terse::relsim
