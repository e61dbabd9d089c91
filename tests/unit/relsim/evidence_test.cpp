#include "terse/relsim/evidence/evidence.hpp"

#include <cmath>
#include <set>
#include <string>

#include "terse/core/parallel.hpp"
#include "terse/core/philox.hpp"
#include "terse/relsim/evidence/explain.hpp"
#include "terse/relsim/evidence/shared_facts.hpp"
#include "terse/relsim/linkage/linkage.hpp"
#include "terse/relsim/sparse/sparse_matrix.hpp"
#include "terse_catch.hpp"

namespace terse::relsim {
namespace {

constexpr std::int32_t kKinds = 6, kOfKind = 30;
constexpr std::int32_t kEntities = kKinds * kOfKind;

struct World {
  std::vector<Triple> triples;
  std::vector<std::string> relations;
};

/// Facts between entities of two kinds, each once, dealt at random to the relations named; a name that begins with '-'
/// gets them turned round. Nobody shares a fact with anybody.
void add(World& world, std::int32_t head_kind, std::int32_t tail_kind, int facts, const std::vector<std::string>& names,
         core::RandomSequence& random) {
  std::set<std::pair<std::int32_t, std::int32_t>> taken;
  const auto first = static_cast<std::int32_t>(world.relations.size());
  for (const auto& name : names) world.relations.push_back(name);
  while (static_cast<int>(taken.size()) < facts) {
    const auto h = head_kind * kOfKind + static_cast<std::int32_t>(random.below(kOfKind));
    const auto t = tail_kind * kOfKind + static_cast<std::int32_t>(random.below(kOfKind));
    if (h == t || !taken.emplace(h, t).second) continue;
    const auto which = random.below(names.size());
    const auto relation = first + static_cast<std::int32_t>(which);
    world.triples.push_back(names[which][0] == '-' ? Triple{t, relation, h} : Triple{h, relation, t});
  }
}

World world_of(std::uint64_t seed, int facts) {
  World world;
  core::RandomSequence random({seed, 0, 0});
  add(world, 0, 1, facts, {"writes", "pens", "-written_by"}, random);
  add(world, 1, 2, facts, {"printed_in", "-prints"}, random);
  for (std::int32_t k = 0; k < kKinds; ++k) {
    add(world, k, (k + 2) % kKinds, facts / 2, {"alone_" + std::to_string(k)}, random);
  }
  make_distinct(world.triples);
  return world;
}

formats::Similarity judged(const World& world) {
  formats::Similarity original;
  original.relations = world.relations;
  original.counts.assign(world.relations.size(), 0);
  for (const auto& t : world.triples) ++original.counts[static_cast<std::size_t>(t.relation)];
  for (const auto count : original.counts) original.thin.push_back(count < 5);
  return to_similarity(weigh_evidence(world.triples, kEntities, world.relations), original);
}

TEST_CASE("parts of one relation are found without shared facts, and nothing else", "[redundancy]") {
  for (const std::uint64_t seed : {1, 2, 3}) {
    const auto world = world_of(seed, 450);
    const auto clusters = cluster_relations(judged(world), {.threshold = -std::log(0.95)});
    const auto& c = clusters.cluster;
    CHECK(c[0] == c[1]);
    CHECK(c[0] == c[2]);
    CHECK(c[3] == c[4]);
    CHECK((clusters.swapped[0] ^ clusters.swapped[2]) == 1);
    CHECK((clusters.swapped[0] ^ clusters.swapped[1]) == 0);
    CHECK((clusters.swapped[3] ^ clusters.swapped[4]) == 1);
    CHECK(clusters.representatives.size() == 2 + kKinds);
    for (const auto& merge : clusters.merges) CHECK(merge.confidence >= 0.95);
  }
}

/// Divergences of a model that knows which of the relations of world_of() say the same.
formats::Similarity divergences_of(const World& world, double half_width) {
  const auto n = world.relations.size();
  formats::Similarity similarity;
  similarity.relations = world.relations;
  similarity.counts.assign(n, 100);
  const auto kind = [](std::size_t r) { return r < 3 ? 0 : r < 5 ? 1 : r; };
  const auto is_turned = [&](std::size_t r) { return r == 2 || r == 4; };
  core::RandomSequence random({1, 2, 3});
  for (const bool swapped : {false, true}) {
    auto& values = swapped ? similarity.swapped : similarity.divergence;
    for (std::size_t a = 0; a < n; ++a) {
      for (std::size_t b = 0; b < n; ++b) {
        const bool is_same = kind(a) == kind(b) && (is_turned(a) != is_turned(b)) == swapped;
        values.push_back((is_same ? 0.1 : 5) + static_cast<double>(random.below(100)) / 1000);
      }
    }
    (swapped ? similarity.swapped_error : similarity.divergence_error).assign(n * n, half_width);
  }
  return similarity;
}

TEST_CASE("a merge holds at the upper bound of the divergence's interval", "[redundancy]") {
  const ClusterOptions options{.threshold = -std::log(0.95)};
  for (const std::uint64_t seed : {1, 2, 3}) {
    const auto world = world_of(seed, 450);
    const auto alone = weigh_evidence(world.triples, kEntities, world.relations);
    const auto clusters = [&](const formats::Similarity& divergences, LimitedBy limited) {
      EvidenceOptions how;
      how.divergences = &divergences;
      const auto evidence = weigh_evidence(world.triples, kEntities, world.relations, how);
      for (std::size_t a = 0; a < world.relations.size(); ++a) {
        for (std::size_t b = 0; b < world.relations.size(); ++b) {
          const bool swapped = (a + b) % 2 == 0;
          const auto odds = [&](LimitedBy by) { return evidence.log_odds(a, b, swapped, by); };
          CHECK(odds(LimitedBy::UpperBound) <= odds(LimitedBy::Estimate));
          CHECK(odds(LimitedBy::Estimate) <= odds(LimitedBy::Nothing));
          CHECK(odds(LimitedBy::Nothing) == alone.log_odds(a, b, swapped));
        }
      }
      return cluster_relations(to_similarity(evidence, divergences, limited), options);
    };
    const auto narrow = divergences_of(world, 0.1), wide = divergences_of(world, 20);
    const auto by_facts = cluster_relations(to_similarity(alone, narrow), options);
    CHECK(by_facts.merges.size() == 3);
    CHECK(clusters(narrow, LimitedBy::UpperBound).cluster == by_facts.cluster);
    CHECK(clusters(wide, LimitedBy::Estimate).cluster == by_facts.cluster);
    CHECK(clusters(wide, LimitedBy::UpperBound).merges.empty());
    // As estimated the model has them apart, too, where it has nobody closer.
    auto apart = narrow;
    std::swap(apart.divergence, apart.swapped);
    CHECK(clusters(apart, LimitedBy::Estimate).merges.empty());
  }
}

TEST_CASE("a handful of facts is no evidence", "[redundancy]") {
  for (const int facts : {9, 16, 24}) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      const auto clusters = cluster_relations(judged(world_of(seed, facts)), {.threshold = -std::log(0.95)});
      INFO(facts << " facts, seed " << seed);
      for (const auto& merge : clusters.merges) INFO(merge.a << ' ' << merge.b << ' ' << merge.confidence);
      CHECK(clusters.merges.empty());
    }
  }
}

/// Each relation's facts between other entities, exchanged at random: as regular as before in itself, and nothing that
/// it has in common with another one is left.
World shuffled(World world, std::uint64_t seed) {
  for (std::size_t r = 0; r < world.relations.size(); ++r) {
    core::RandomSequence random({seed, r, 1});
    std::vector<std::int32_t> entity(static_cast<std::size_t>(kEntities));
    for (std::size_t i = 0; i < entity.size(); ++i) {
      const auto other = static_cast<std::size_t>(random.below(i + 1));
      entity[i] = entity[other];
      entity[other] = static_cast<std::int32_t>(i);
    }
    for (auto& t : world.triples) {
      if (static_cast<std::size_t>(t.relation) != r) continue;
      t.head = entity[static_cast<std::size_t>(t.head)];
      t.tail = entity[static_cast<std::size_t>(t.tail)];
    }
  }
  make_distinct(world.triples);
  return world;
}

TEST_CASE("of shuffled facts nothing is merged", "[redundancy]") {
  // Of 11 relations in a world, 5 are parts of two others before the shuffle, and are found: see above.
  constexpr std::uint64_t kWorlds = 40;
  std::size_t merges = 0;
  for (std::uint64_t seed = 1; seed <= kWorlds; ++seed) {
    const int facts = seed % 2 ? 450 : 90;
    merges +=
        cluster_relations(judged(shuffled(world_of(seed, facts), seed)), {.threshold = -std::log(0.95)}).merges.size();
  }
  // At most one world in twenty: what --false-merges asks for by default.
  CHECK(merges <= kWorlds / 20);
}

/// Two relations between entities that are known from these facts alone, so that only their names can tell them apart.
double chance_by_names(const std::vector<std::string>& entities) {
  std::vector<Triple> triples;
  for (std::int32_t i = 0; i < 200; ++i) triples.push_back({i, i < 100 ? 0 : 1, 200 + i});
  EvidenceOptions options;
  options.entity_names = entities;
  const std::vector<std::string> relations{"one", "other"};
  const auto evidence = weigh_evidence(triples, 400, relations, options);
  bool found = false;
  for (const auto& part : evidence.parts) {
    if (part.name != "argument names") continue;
    found = true;
    for (const auto& ratios : part.ratio) {
      for (const float ratio : ratios) CHECK(ratio <= 0);  // alike names speak for nothing
    }
  }
  CHECK(found != entities.empty());
  return evidence.log_odds(0, 1, false);
}

TEST_CASE("relations whose arguments are called differently do not say the same", "[redundancy]") {
  std::vector<std::string> alike, unlike;
  for (int i = 0; i < 400; ++i) {
    const auto number = std::to_string(1000 + i * 7919 % 9000);
    alike.push_back("x" + number);
    unlike.push_back((i % 200 < 100 ? "river." : "town.") + number);
  }
  const double unknown = chance_by_names({});
  CHECK(chance_by_names(alike) == Approx(unknown).margin(0.5));
  CHECK(chance_by_names(unlike) < unknown - 5);
}

TEST_CASE("evidence has the same bytes for any number of threads", "[redundancy]") {
  const auto world = world_of(7, 200);
  core::set_threads(1);
  const auto one = judged(world);
  core::set_threads(3);
  const auto three = judged(world);
  core::set_threads(0);
  CHECK(one.divergence == three.divergence);
  CHECK(one.swapped == three.swapped);
}

TEST_CASE("shared facts are counted in both orientations and against a shuffle", "[redundancy]") {
  // 0 holds one pair with 1 as it stands, and two turned round; 2 is symmetric in one pair.
  std::vector<Triple> triples = {{0, 0, 1}, {0, 1, 1}, {2, 0, 3}, {3, 1, 2}, {4, 0, 5},
                                 {5, 1, 4}, {6, 2, 7}, {7, 2, 6}, {8, 2, 8}};
  make_distinct(triples);
  const FactEdges edges(triples);
  const CountModel counts(triples, 9, 3, 1);
  const auto pairs = shared_facts(triples, edges, counts);
  REQUIRE(pairs.size() == 3);
  CHECK((pairs[0].a == 0 && pairs[0].b == 1 && !pairs[0].swapped && pairs[0].shared == 1));
  CHECK((pairs[1].swapped && pairs[1].shared == 2));
  CHECK((pairs[2].a == 2 && pairs[2].b == 2 && pairs[2].swapped && pairs[2].shared == 1));
  // Heads 0, 2, 4 and tails 1, 3, 5 of relation 0: one pair of relation 1 fits, at one chance in three.
  CHECK(pairs[0].expected == Approx(1.0 / 3));
  CHECK(pairs[1].expected == Approx(2.0 / 3));
}

TEST_CASE("a loop that two relations hold is shared both ways", "[redundancy]") {
  std::vector<Triple> triples = {{0, 0, 0}, {0, 1, 0}, {1, 0, 1}, {1, 1, 1}, {2, 0, 3}, {2, 1, 3}};
  make_distinct(triples);
  const auto pairs = shared_facts(triples, FactEdges(triples), CountModel(triples, 4, 2, 1));
  REQUIRE(pairs.size() == 2);
  CHECK((pairs[0].a == 0 && pairs[0].b == 1 && !pairs[0].swapped && pairs[0].shared == 3));
  CHECK((pairs[1].a == 0 && pairs[1].b == 1 && pairs[1].swapped && pairs[1].shared == 2));
}

TEST_CASE("facts are compared in the orientation that shares more", "[redundancy]") {
  const std::vector<Triple> triples = {{0, 0, 1}, {0, 1, 1}, {2, 0, 3}, {3, 1, 2}, {4, 0, 5}, {5, 1, 4}, {8, 1, 9}};
  const auto facts = compare_facts(triples, 0, 1);
  CHECK(facts.swapped);
  CHECK(facts.shared == std::vector<FactComparison::Pair>{{2, 3}, {4, 5}});
  CHECK(facts.only_a == std::vector<FactComparison::Pair>{{0, 1}});
  CHECK(facts.only_b == std::vector<FactComparison::Pair>{{1, 0}, {9, 8}});
}

TEST_CASE("the facts of a relation are compared with themselves turned round", "[redundancy]") {
  const std::vector<Triple> triples = {{0, 0, 1}, {1, 0, 0}, {2, 0, 3}};
  const auto facts = compare_facts(triples, 0, 0);
  CHECK(facts.swapped);
  CHECK(facts.shared == std::vector<FactComparison::Pair>{{0, 1}, {1, 0}});
  CHECK(facts.only_a == std::vector<FactComparison::Pair>{{2, 3}});
}

TEST_CASE("singular vectors span a matrix of low rank", "[redundancy][numeric]") {
  for (const std::uint64_t seed : {1, 2, 3}) {
    constexpr std::size_t kRows = 60, kColumns = 40, kRank = 3;
    core::RandomSequence random({seed, 0, 0});
    std::vector<double> left(kRows * kRank), right(kRank * kColumns);
    for (auto& x : left) x = random.normal();
    for (auto& x : right) x = random.normal();
    SparseMatrix matrix;
    matrix.columns = kColumns;
    for (std::size_t i = 0; i < kRows; ++i) {
      for (std::size_t j = 0; j < kColumns; ++j) {
        double x = 0;
        for (std::size_t k = 0; k < kRank; ++k) x += left[i * kRank + k] * right[k * kColumns + j];
        matrix.column.push_back(static_cast<std::int32_t>(j));
        matrix.value.push_back(static_cast<float>(x));
      }
      matrix.begin.push_back(matrix.column.size());
    }
    const auto vectors = right_singular_vectors(matrix, 5);
    REQUIRE(vectors.width >= kRank);
    for (std::size_t i = 0; i < vectors.width; ++i) {
      for (std::size_t j = 0; j < vectors.width; ++j) {
        double dot = 0;
        for (std::size_t c = 0; c < kColumns; ++c) {
          dot += static_cast<double>(vectors.row(c)[i]) * static_cast<double>(vectors.row(c)[j]);
        }
        CHECK(dot == Approx(i == j ? 1 : 0).margin(1e-4));
      }
    }
    // Projecting the rows on the leading vectors loses nothing.
    const auto projected = multiply(matrix, vectors);
    for (std::size_t i = 0; i < kRows; ++i) {
      for (std::size_t j = 0; j < kColumns; ++j) {
        double x = 0;
        for (std::size_t k = 0; k < kRank; ++k) {
          x += static_cast<double>(projected.row(i)[k]) * static_cast<double>(vectors.row(j)[k]);
        }
        CHECK(x == Approx(static_cast<double>(matrix.value[i * kColumns + j])).margin(2e-4));
      }
    }
  }
}

}  // namespace
}  // namespace terse::relsim
