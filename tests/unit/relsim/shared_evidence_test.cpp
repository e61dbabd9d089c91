#include "terse/relsim/evidence/shared_evidence.hpp"

#include <cmath>

#include "terse_catch.hpp"

namespace terse::relsim {
namespace {

constexpr std::size_t kRelations = 40;
const std::vector<double> kFacts(kRelations, 200);

std::vector<float> chances_of_neighbours(float chance) {  // 0 and 1, 2 and 3, … say the same
  std::vector<float> same(kRelations * kRelations, 0);
  for (std::size_t r = 0; r < kRelations; r += 2)
    same[r * kRelations + r + 1] = same[(r + 1) * kRelations + r] = chance;
  return same;
}

SharedFacts pair_of(std::int32_t a, std::int32_t b, std::int64_t shared, double expected) {
  return {.a = a, .b = b, .swapped = false, .shared = shared, .expected = expected};
}

double ratio(const SharedEvidence& evidence, std::size_t a, std::size_t b) {
  return static_cast<double>(evidence.part.ratio[0][a * kRelations + b]);
}

TEST_CASE("sharing speaks for a pair where what says the same shares", "[redundancy]") {
  std::vector<SharedFacts> pairs;
  for (std::int32_t r = 0; r + 2 < static_cast<std::int32_t>(kRelations); r += 2)
    pairs.push_back(pair_of(r, r + 1, 60, 0.1));
  pairs.push_back(pair_of(38, 39, 1, 0.01));  // as little as by chance
  const std::vector<float> same[2] = {chances_of_neighbours(0.9f), std::vector<float>(kRelations * kRelations)};
  const auto evidence = weigh_shared_facts(pairs, kFacts, same);
  CHECK(evidence.part.name == "shared facts");
  CHECK(ratio(evidence, 0, 1) > 4);
  CHECK(ratio(evidence, 1, 0) == ratio(evidence, 0, 1));
  CHECK(ratio(evidence, 38, 39) < 1.5);  // who said the same would share 60
  CHECK(ratio(evidence, 0, 2) < -2);
  CHECK(evidence.usual == Approx(0.3).margin(0.1));
}

TEST_CASE("where nothing is said twice, sharing nothing says nothing", "[redundancy]") {
  const std::vector<float> same[2] = {chances_of_neighbours(0.9f), std::vector<float>(kRelations * kRelations)};
  const auto evidence = weigh_shared_facts({}, kFacts, same);
  CHECK(std::abs(ratio(evidence, 0, 1)) < 0.3);
  CHECK(std::abs(ratio(evidence, 0, 2)) < 0.3);
  CHECK(evidence.usual < 0.1);
}

TEST_CASE("sharing as much as others do says little", "[redundancy]") {
  // Half of all pairs share a tenth of their facts, whether they say the same or not.
  std::vector<SharedFacts> pairs;
  for (std::int32_t a = 0; a < static_cast<std::int32_t>(kRelations); ++a) {
    for (std::int32_t b = a + 1; b < static_cast<std::int32_t>(kRelations); ++b) {
      if ((a / 2 + b / 2) % 2 == 0) pairs.push_back(pair_of(a, b, 20, 0.1));
    }
  }
  const std::vector<float> same[2] = {chances_of_neighbours(0.9f), std::vector<float>(kRelations * kRelations)};
  const auto evidence = weigh_shared_facts(pairs, kFacts, same);
  CHECK(ratio(evidence, 0, 1) < 1.5);
  // The same count by chance alone is less evidence yet.
  auto by_chance = pairs;
  for (auto& pair : by_chance) pair.expected = 20;
  CHECK(std::abs(ratio(weigh_shared_facts(by_chance, kFacts, same), 0, 1)) < 1);
}

TEST_CASE("sharing nearly all speaks for a pair where chance alone explains half of it, too", "[redundancy]") {
  // Nine in ten facts are copies, and of the tenth half are met by chance: 190 of 200. Others share what chance gives.
  std::vector<SharedFacts> pairs;
  for (std::int32_t a = 0; a < static_cast<std::int32_t>(kRelations); ++a) {
    for (std::int32_t b = a + 1; b < static_cast<std::int32_t>(kRelations); ++b) {
      pairs.push_back(pair_of(a, b, a % 2 == 0 && b == a + 1 ? 190 : 100, 100));
    }
  }
  const std::vector<float> same[2] = {chances_of_neighbours(0.9f), std::vector<float>(kRelations * kRelations)};
  const auto evidence = weigh_shared_facts(pairs, kFacts, same);
  CHECK(ratio(evidence, 0, 1) > 4);
  CHECK(ratio(evidence, 0, 2) < -2);
  CHECK(evidence.usual > 0.7);
}

}  // namespace
}  // namespace terse::relsim
