#include "terse/relsim/ranking/relation_ranks.hpp"

#include <algorithm>
#include <numeric>

#include "terse/core/parallel.hpp"

namespace terse::relsim {
namespace {

RelationRank rank_of(const Triple& fact, std::span<const double> scores, std::span<const std::int32_t> holds,
                     bool with_above) {
  const double own = scores[static_cast<std::size_t>(fact.relation)];
  double better = 0, equal = 0, better_holds = 0, equal_holds = 0;
  RelationRank rank;
  auto next = holds.begin();
  for (std::int32_t r = 0; r < static_cast<std::int32_t>(scores.size()); ++r) {
    while (next != holds.end() && *next < r) ++next;
    const bool holds_too = next != holds.end() && *next == r && r != fact.relation;
    const double score = scores[static_cast<std::size_t>(r)];
    if (!holds_too && (rank.answer < 0 || score > scores[static_cast<std::size_t>(rank.answer)])) rank.answer = r;
    if (r == fact.relation) continue;
    // Written so that a NaN of either counts as better: no rank is won by not being a number.
    const bool equals = score == own, worse = score < own;
    better += !equals && !worse;
    equal += equals;
    if (holds_too) {
      better_holds += !equals && !worse;
      equal_holds += equals;
    } else if (with_above && !equals && !worse) {
      rank.above.push_back(r);
    }
  }
  rank.raw = 1 + better + equal / 2;
  rank.filtered = rank.raw - better_holds - equal_holds / 2;
  std::stable_sort(rank.above.begin(), rank.above.end(), [&](std::int32_t a, std::int32_t b) {
    return scores[static_cast<std::size_t>(a)] > scores[static_cast<std::size_t>(b)];
  });
  return rank;
}

void add(RankMeans& means, double rank) {
  means.mrr += 1 / rank;
  means.hits1 += rank <= 1;
  means.hits3 += rank <= 3;
  means.hits10 += rank <= 10;
  means.mean_rank += rank;
}

void add(RankMeans& means, const RankMeans& other) {
  means.mrr += other.mrr;
  means.hits1 += other.hits1;
  means.hits3 += other.hits3;
  means.hits10 += other.hits10;
  means.mean_rank += other.mean_rank;
}

void divide(RankMeans& means, double count) {
  if (count == 0) return;
  for (double* value : {&means.mrr, &means.hits1, &means.hits3, &means.hits10, &means.mean_rank}) *value /= count;
}

}  // namespace

std::vector<RelationRank> rank_relations(const RelationScorer& scorer, std::span<const Triple> facts,
                                         const PairIndex& known, bool with_above) {
  std::vector<std::size_t> order(facts.size()), begin;
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return facts[a].head < facts[b].head; });
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i == 0 || facts[order[i]].head != facts[order[i - 1]].head) begin.push_back(i);
  }
  begin.push_back(order.size());
  const auto relations = static_cast<std::size_t>(scorer.relations());
  std::vector<RelationRank> ranks(facts.size());
  core::parallel_for(begin.size() - 1, 16, [&](std::size_t first, std::size_t last) {
    std::vector<std::int32_t> tails;
    std::vector<double> scores;
    for (auto n = first; n < last; ++n) {
      tails.clear();
      for (auto i = begin[n]; i < begin[n + 1]; ++i) tails.push_back(facts[order[i]].tail);
      scores.resize(tails.size() * relations);
      scorer.score(facts[order[begin[n]]].head, tails, scores);
      for (auto i = begin[n]; i < begin[n + 1]; ++i) {
        const auto& fact = facts[order[i]];
        ranks[order[i]] = rank_of(fact, std::span(scores).subspan((i - begin[n]) * relations, relations),
                                  known.relations(fact.head, fact.tail), with_above);
      }
    }
  });
  return ranks;
}

RankSummary summarize_ranks(std::span<const RelationRank> ranks) {
  RankSummary sum;
  for (const auto& rank : ranks) {
    ++sum.facts;
    add(sum.raw, rank.raw);
    add(sum.filtered, rank.filtered);
  }
  divide(sum.raw, static_cast<double>(sum.facts));
  divide(sum.filtered, static_cast<double>(sum.facts));
  return sum;
}

std::vector<RankSummary> summarize_by_relation(std::span<const RelationRank> ranks, std::span<const Triple> facts,
                                               std::int32_t relations) {
  std::vector<RankSummary> sums(static_cast<std::size_t>(relations));
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    auto& sum = sums[static_cast<std::size_t>(facts[i].relation)];
    ++sum.facts;
    add(sum.raw, ranks[i].raw);
    add(sum.filtered, ranks[i].filtered);
  }
  for (auto& sum : sums) {
    divide(sum.raw, static_cast<double>(sum.facts));
    divide(sum.filtered, static_cast<double>(sum.facts));
  }
  return sums;
}

RankSummary macro_mean(std::span<const RankSummary> by_relation) {
  RankSummary mean;
  double relations = 0;
  for (const auto& sum : by_relation) {
    if (sum.facts == 0) continue;
    ++relations;
    mean.facts += sum.facts;
    add(mean.raw, sum.raw);
    add(mean.filtered, sum.filtered);
  }
  divide(mean.raw, relations);
  divide(mean.filtered, relations);
  return mean;
}

}  // namespace terse::relsim
