#include "terse/relsim/linkage/linkage.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "terse/core/error.hpp"
#include "terse/core/philox.hpp"
#include "terse/relsim/ranking/pair_ranking.hpp"
#include "terse_catch.hpp"

namespace terse::relsim {
namespace {

formats::Similarity empty_similarity(std::size_t n, double far) {
  formats::Similarity similarity;
  for (std::size_t i = 0; i < n; ++i) {
    similarity.relations.push_back("r" + std::to_string(i));
    similarity.counts.push_back(10 + static_cast<std::int64_t>(i));
  }
  similarity.divergence.assign(n * n, far);
  similarity.swapped.assign(n * n, far);
  for (std::size_t i = 0; i < n; ++i) similarity.divergence[i * n + i] = 0;
  similarity.method = "exact";
  return similarity;
}

void set_pair(std::vector<double>& matrix, std::size_t n, std::size_t a, std::size_t b, double ab, double ba) {
  matrix[a * n + b] = ab;
  matrix[b * n + a] = ba;
}

/// Groups by the definition: at each step all pairs of groups, both orientations, all members.
struct NaiveGroup {
  std::vector<std::int32_t> members;
  std::vector<int> swapped;
};
std::vector<NaiveGroup> naive_clusters(const formats::Similarity& s, Linkage linkage, std::size_t count,
                                       std::vector<double>& heights) {
  const auto n = s.relations.size();
  std::vector<NaiveGroup> groups;
  for (std::size_t i = 0; i < n; ++i) groups.push_back({{static_cast<std::int32_t>(i)}, {0}});
  while (groups.size() > count) {
    double best = std::numeric_limits<double>::infinity();
    std::size_t best_a = 0, best_b = 0;
    int best_turn = 0;
    for (std::size_t a = 0; a < groups.size(); ++a) {
      for (std::size_t b = a + 1; b < groups.size(); ++b) {
        for (int turn = 0; turn < 2; ++turn) {
          double sum = 0, low = std::numeric_limits<double>::infinity(), high = 0;
          for (std::size_t i = 0; i < groups[a].members.size(); ++i) {
            for (std::size_t j = 0; j < groups[b].members.size(); ++j) {
              const auto& m = (groups[a].swapped[i] ^ groups[b].swapped[j] ^ turn) ? s.swapped : s.divergence;
              const auto x = static_cast<std::size_t>(groups[a].members[i]),
                         y = static_cast<std::size_t>(groups[b].members[j]);
              const double d = std::max(m[x * n + y], m[y * n + x]);
              sum += d, low = std::min(low, d), high = std::max(high, d);
            }
          }
          const double mean = sum / static_cast<double>(groups[a].members.size() * groups[b].members.size());
          const double d = linkage == Linkage::Average ? mean : linkage == Linkage::Complete ? high : low;
          if (d < best) best = d, best_a = a, best_b = b, best_turn = turn;
        }
      }
    }
    heights.push_back(best);
    for (std::size_t j = 0; j < groups[best_b].members.size(); ++j) {
      groups[best_a].members.push_back(groups[best_b].members[j]);
      groups[best_a].swapped.push_back(groups[best_b].swapped[j] ^ best_turn);
    }
    groups.erase(groups.begin() + static_cast<std::ptrdiff_t>(best_b));
  }
  return groups;
}

TEST_CASE("clusters are those of the definition, with their orientations", "[redundancy]") {
  for (const auto linkage : {Linkage::Average, Linkage::Complete, Linkage::Single}) {
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
      const std::size_t n = 17;
      auto similarity = empty_similarity(n, 1);
      core::RandomSequence random({seed, 0, 0});
      for (std::size_t a = 0; a < n; ++a) {
        for (std::size_t b = 0; b < n; ++b) {
          if (a != b) similarity.divergence[a * n + b] = 0.1 + random.uniform();
          similarity.swapped[a * n + b] = 0.1 + random.uniform();
        }
      }
      ClusterOptions options;
      options.linkage = linkage;
      options.count = 4;
      const auto found = cluster_relations(similarity, options);
      std::vector<double> heights;
      const auto expected = naive_clusters(similarity, linkage, 4, heights);
      REQUIRE(found.representatives.size() == 4);
      REQUIRE(found.merges.size() == heights.size());
      for (std::size_t i = 0; i < heights.size(); ++i) CHECK(found.merges[i].height == Approx(heights[i]));
      for (const auto& group : expected) {
        const auto first = static_cast<std::size_t>(group.members[0]);
        for (std::size_t m = 0; m < group.members.size(); ++m) {
          const auto member = static_cast<std::size_t>(group.members[m]);
          CHECK(found.cluster[member] == found.cluster[first]);
          CHECK((found.swapped[member] ^ found.swapped[first]) == (group.swapped[m] ^ group.swapped[0]));
        }
      }
    }
  }
}

TEST_CASE("an inverse is turned round against the representative with the most facts", "[redundancy]") {
  auto similarity = empty_similarity(4, 9);
  set_pair(similarity.swapped, 4, 0, 3, 0.1, 0.2);     // inverses; 3 has more facts
  set_pair(similarity.divergence, 4, 0, 1, 0.3, 0.3);  // duplicates
  set_pair(similarity.swapped, 4, 1, 3, 0.3, 0.1);
  const auto found = cluster_relations(similarity, {.threshold = 0.5});
  REQUIRE(found.representatives.size() == 2);
  CHECK(found.cluster == std::vector<std::int32_t>{0, 0, 1, 0});
  CHECK(found.representatives == std::vector<std::int32_t>{3, 2});
  CHECK(found.swapped == std::vector<std::uint8_t>{1, 1, 0, 0});
  CHECK(found.merges[0].height == Approx(0.2));  // the larger of both directions
  CHECK(found.merges[0].swapped);
}

TEST_CASE("nothing is merged above the threshold, nor where the evidence is thin", "[redundancy]") {
  auto similarity = empty_similarity(3, 9);
  set_pair(similarity.divergence, 3, 0, 1, 0.4, 0.6);
  set_pair(similarity.divergence, 3, 1, 2, 0.1, 0.1);
  similarity.thin = {0, 0, 1};
  CHECK(cluster_relations(similarity, {.threshold = 0.5}).merges.empty());
  CHECK(cluster_relations(similarity, {.threshold = 0.6}).merges.size() == 1);
  CHECK(cluster_relations(similarity, {.threshold = 0.5, .merge_thin = true}).merges.size() == 1);
  ClusterOptions to_one;
  to_one.count = 1;
  CHECK_THROWS_AS(cluster_relations(similarity, to_one), Error);
  to_one.merge_thin = true;
  CHECK(cluster_relations(similarity, to_one).representatives.size() == 1);
}

TEST_CASE("pairs are ranked by the closer orientation", "[redundancy]") {
  auto similarity = empty_similarity(3, 5);
  similarity.temperature = 2;
  set_pair(similarity.divergence, 3, 0, 1, 1, 2);
  set_pair(similarity.swapped, 3, 1, 2, 0.5, 0.25);
  similarity.swapped[0] = 0.125;
  const auto pairs = rank_pairs(similarity);
  REQUIRE(pairs.size() == 6);
  CHECK((pairs[0].a == 0 && pairs[0].b == 0 && pairs[0].orientation == Orientation::Symmetric));
  CHECK((pairs[1].a == 1 && pairs[1].b == 2 && pairs[1].orientation == Orientation::Inverse));
  CHECK((pairs[1].kl_ab == 0.5 && pairs[1].kl_ba == 0.25 && pairs[1].divergence == 0.5));
  CHECK(pairs[1].score == Approx(std::exp(-0.25)));
  CHECK((pairs[2].a == 0 && pairs[2].b == 1 && pairs[2].orientation == Orientation::Same));
  CHECK((pairs[2].rank_ab == 1 && pairs[2].rank_ba == 2));
  similarity.swapped.clear();
  CHECK(rank_pairs(similarity).size() == 3);
  similarity.combine = "product";
  CHECK_THROWS_AS(rank_pairs(similarity), Error);
}

}  // namespace
}  // namespace terse::relsim
