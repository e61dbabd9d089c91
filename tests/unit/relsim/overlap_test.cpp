#include "terse/relsim/counts/overlap.hpp"

#include <array>
#include <cmath>
#include <map>
#include <set>

#include "terse/core/philox.hpp"
#include "terse_catch.hpp"

using namespace terse;
using namespace terse::relsim;

namespace {

constexpr std::int32_t kEntities = 7, kRelations = 5;

/// Facts with pairs that relations share, both ways round. Relation 4 has none.
std::vector<Triple> random_facts(std::uint64_t seed) {
  core::RandomSequence random({seed, core::stream_of("overlap test"), 0});
  const auto below = [&](std::int32_t n) { return static_cast<std::int32_t>(random.uniform() * n); };
  std::vector<Triple> facts;
  for (int i = 0; i < 60; ++i) facts.push_back({below(kEntities), below(kRelations - 1), below(kEntities)});
  make_distinct(facts);
  return facts;
}

using Pairs = std::set<std::pair<std::int32_t, std::int32_t>>;

Pairs pairs_of(const std::vector<Triple>& facts, std::int32_t relation, bool turned) {
  Pairs pairs;
  for (const auto& t : facts) {
    if (t.relation == relation) pairs.insert(turned ? std::pair(t.tail, t.head) : std::pair(t.head, t.tail));
  }
  return pairs;
}

double naive_jaccard(const Pairs& a, const Pairs& b) {
  double both = 0;
  for (const auto& pair : a) both += b.contains(pair);
  auto either = a;
  either.insert(b.begin(), b.end());
  return either.empty() ? 0 : both / static_cast<double>(either.size());
}

double naive_cosine(const Pairs& a, const Pairs& b) {
  const auto profile = [](const Pairs& pairs) {
    std::array<double, 2 * kEntities> counts{};
    for (const auto& [head, tail] : pairs)
      ++counts[static_cast<std::size_t>(head)], ++counts[static_cast<std::size_t>(kEntities + tail)];
    return counts;
  };
  const auto p = profile(a), q = profile(b);
  double pq = 0, pp = 0, qq = 0;
  for (std::size_t i = 0; i < p.size(); ++i) pq += p[i] * q[i], pp += p[i] * p[i], qq += q[i] * q[i];
  return pp * qq > 0 ? pq / std::sqrt(pp * qq) : 0;
}

}  // namespace

TEST_CASE("jaccard and profile distances are those of the definition, in both orientations") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const auto facts = random_facts(seed);
    const auto jaccard = jaccard_distances(facts, kRelations),
               profile = profile_distances(facts, kEntities, kRelations);
    for (std::int32_t a = 0; a < kRelations; ++a) {
      for (std::int32_t b = 0; b < kRelations; ++b) {
        const auto at = static_cast<std::size_t>(a * kRelations + b);
        const auto own = pairs_of(facts, a, false);
        for (const bool turned : {false, true}) {
          const auto other = pairs_of(facts, b, turned);
          const bool itself = a == b && !turned;
          INFO("seed " << seed << ", relations " << a << " and " << b << (turned ? ", turned round" : ""));
          CHECK((turned ? jaccard.swapped : jaccard.same)[at] ==
                Approx(itself ? 0 : 1 - naive_jaccard(own, other)).margin(1e-12));
          CHECK((turned ? profile.swapped : profile.same)[at] ==
                Approx(itself ? 0 : 1 - naive_cosine(own, other)).margin(1e-12));
        }
      }
    }
  }
}
