#include "terse/relsim/ranking/relation_ranks.hpp"

#include <algorithm>
#include <cmath>

#include "terse_catch.hpp"

namespace terse::relsim {
namespace {

/// The same scores for every pair.
class FixedScorer : public RelationScorer {
 public:
  explicit FixedScorer(std::vector<double> scores) : scores_(std::move(scores)) {}
  void score(std::int32_t, std::span<const std::int32_t> tails, std::span<double> scores) const override {
    for (std::size_t i = 0; i < tails.size(); ++i) {
      std::copy(scores_.begin(), scores_.end(), scores.begin() + static_cast<std::ptrdiff_t>(i * scores_.size()));
    }
  }
  std::int32_t relations() const override { return static_cast<std::int32_t>(scores_.size()); }

 private:
  std::vector<double> scores_;
};

TEST_CASE("a pair index knows which relations hold", "[relsim]") {
  std::vector<Triple> facts;
  for (std::int32_t i = 0; i < 1000; ++i) facts.push_back({i % 37, i % 11, i % 53});
  const PairIndex index(facts);
  for (std::int32_t h = 0; h < 40; ++h) {
    for (std::int32_t t = 0; t < 60; ++t) {
      std::vector<std::int32_t> expected;
      for (std::int32_t r = 0; r < 11; ++r) {
        const bool holds = std::find(facts.begin(), facts.end(), Triple{h, r, t}) != facts.end();
        if (holds) expected.push_back(r);
        CHECK(index.contains({h, r, t}) == holds);
      }
      const auto found = index.relations(h, t);
      CHECK(std::vector<std::int32_t>(found.begin(), found.end()) == expected);
    }
  }
  CHECK(PairIndex().relations(0, 0).empty());
}

TEST_CASE("raw and filtered ranks, by hand", "[relsim]") {
  const FixedScorer scorer({5, 4, 3, 3, 1});
  // Of the pair (0, 1) relations 0 and 2 hold; of (0, 2) relation 4, of (3, 1) relation 0.
  const std::vector<Triple> facts{{0, 2, 1}, {0, 4, 2}, {3, 0, 1}};
  std::vector<Triple> known = facts;
  known.push_back({0, 0, 1});
  const auto ranks = rank_relations(scorer, facts, PairIndex(known), true);
  CHECK(ranks[0].raw == 3.5);       // 0 and 1 above, 3 level
  CHECK(ranks[0].filtered == 2.5);  // 0 holds
  CHECK(ranks[0].answer == 1);
  CHECK(ranks[0].above == std::vector<std::int32_t>{1});
  CHECK(ranks[1].raw == 5);
  CHECK(ranks[1].filtered == 5);
  CHECK(ranks[1].answer == 0);
  CHECK(ranks[1].above == std::vector<std::int32_t>{0, 1, 2, 3});
  CHECK(ranks[2].raw == 1);
  CHECK(ranks[2].answer == 0);
  CHECK(ranks[2].above.empty());

  const auto all = summarize_ranks(ranks);
  CHECK(all.facts == 3);
  CHECK(all.raw.mrr == Approx((1 / 3.5 + 1.0 / 5 + 1) / 3));
  CHECK(all.filtered.mrr == Approx((1 / 2.5 + 1.0 / 5 + 1) / 3));
  CHECK(all.filtered.hits1 == Approx(1.0 / 3));
  CHECK(all.filtered.hits3 == Approx(2.0 / 3));
  CHECK(all.raw.hits3 == Approx(1.0 / 3));
  CHECK(all.raw.hits10 == 1);
  CHECK(all.filtered.mean_rank == Approx(8.5 / 3));

  const std::vector<Triple> twice{{0, 2, 1}, {0, 4, 2}, {3, 0, 1}, {3, 0, 2}};
  const auto more = rank_relations(scorer, twice, PairIndex(known));
  const auto by_relation = summarize_by_relation(more, twice, 5);
  CHECK(by_relation[0].facts == 2);
  CHECK(by_relation[1].facts == 0);
  const auto macro = macro_mean(by_relation);
  CHECK(macro.filtered.mrr == Approx((1 + 1 / 2.5 + 1.0 / 5) / 3));
  CHECK(macro.facts == 4);
}

TEST_CASE("a scorer that says nothing ranks as a guess, one that is no number last", "[relsim]") {
  const std::vector<Triple> facts{{0, 2, 1}};
  CHECK(rank_relations(FixedScorer(std::vector<double>(9, 0.5)), facts, PairIndex(facts))[0].raw == 5);
  CHECK(rank_relations(FixedScorer(std::vector<double>(9, NAN)), facts, PairIndex(facts))[0].raw == 9);
}

}  // namespace
}  // namespace terse::relsim
