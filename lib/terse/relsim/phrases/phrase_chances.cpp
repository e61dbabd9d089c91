#include "terse/relsim/phrases/phrase_chances.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "terse/relsim/kb/id.hpp"
#include "terse/relsim/sparse/feature_sum.hpp"

namespace terse::relsim {
namespace {

// Coincidences, in sum, among phrases in the same words from which their rate is taken: fewer are luck.
constexpr double kFewest = 1;
// Their rate has to be so many times that of all pairs.
constexpr double kClearly = 2;

/// Pairs of phrases, and of how many a fact of the one and a fact of the other, both at random, have the same head.
struct Coincidences {
  double pairs = 0, same = 0;
  double rate() const { return pairs > 0 ? same / pairs : 0; }
  Coincidences& operator+=(const Coincidences& other) {
    pairs += other.pairs;
    same += other.same;
    return *this;
  }
};

/// Heads of each phrase, ascending, each with its share of the phrase's facts; tails where it is turned round.
SparseMatrix shares_of_heads(std::span<const Triple> triples, const PhraseKinds& kinds) {
  std::vector<std::map<std::int32_t, std::size_t>> heads(kinds.phrases());
  std::vector<std::size_t> facts(kinds.phrases());
  SparseMatrix shares;
  for (const auto& t : triples) {
    const auto phrase = at(t.relation);
    const auto head = kinds.turned()[phrase] ? t.tail : t.head;
    ++heads[phrase][head];
    ++facts[phrase];
    shares.columns = std::max(shares.columns, head + 1);
  }
  for (std::size_t phrase = 0; phrase < heads.size(); ++phrase) {
    for (const auto& [head, count] : heads[phrase]) {
      shares.column.push_back(head);
      shares.value.push_back(static_cast<float>(count) / static_cast<float>(facts[phrase]));
    }
    shares.begin.push_back(shares.column.size());
  }
  return shares;
}

/// Among some phrases.
Coincidences among(const std::vector<std::size_t>& phrases, const SparseMatrix& shares) {
  std::map<std::int32_t, double> sums;
  double own = 0;
  for (const auto phrase : phrases) {
    const auto columns = shares.columns_of(phrase);
    const auto values = shares.values_of(phrase);
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const auto value = static_cast<double>(values[i]);
      sums[columns[i]] += value;
      own += value * value;
    }
  }
  const auto n = static_cast<double>(phrases.size());
  Coincidences result{.pairs = n * (n - 1) / 2, .same = -own / 2};
  for (const auto& [column, sum] : sums) result.same += sum * sum / 2;
  return result;
}

std::vector<Coincidences> of_merges(const std::vector<formats::Merge>& merges, const SparseMatrix& shares) {
  struct Node {
    FeatureSum sum;
    double size = 1;
  };
  std::vector<Node> nodes;
  for (std::size_t p = 0; p < shares.rows(); ++p) {
    nodes.push_back({FeatureSum(shares.columns_of(p), shares.values_of(p), [](std::int32_t) { return true; })});
  }
  std::vector<Coincidences> result;
  for (const auto& merge : merges) {
    auto &a = nodes[at(merge.a)], &b = nodes[at(merge.b)];
    auto& found = result.emplace_back(Coincidences{.pairs = a.size * b.size});
    for (const auto& [column, product] : a.sum.add(b.sum)) found.same += product;
    Node both{std::move(a.sum), a.size + b.size};
    b = {};
    nodes.push_back(std::move(both));
  }
  return result;
}

/// Rates that do not rise, as near to those given as can be.
std::vector<double> falling_rates(const std::vector<Coincidences>& all) {
  std::vector<std::pair<Coincidences, std::size_t>> blocks;  // with the number of members
  for (const auto& one : all) {
    blocks.emplace_back(one, 1);
    while (blocks.size() > 1 && blocks.back().first.rate() >= blocks[blocks.size() - 2].first.rate()) {
      const auto [last, members] = blocks.back();
      blocks.pop_back();
      blocks.back().first += last;
      blocks.back().second += members;
    }
  }
  std::vector<double> rates;
  for (const auto& [block, members] : blocks) rates.insert(rates.end(), members, block.rate());
  return rates;
}

}  // namespace

std::vector<double> chances_of_merges(std::span<const Triple> triples, const std::vector<std::string>& phrases,
                                      const PhraseKinds& kinds, const std::vector<std::uint8_t>& alone,
                                      const std::vector<formats::Merge>& merges) {
  const auto shares = shares_of_heads(triples, kinds);
  std::vector<std::size_t> all;
  std::map<std::string, std::vector<std::size_t>> alike[2];  // by what they say, as they stand and turned round
  for (std::size_t phrase = 0; phrase < phrases.size(); ++phrase) {
    if (!alone.empty() && alone[phrase]) continue;
    all.push_back(phrase);
    if (auto gist = gist_of(phrases[phrase]); !gist.empty())
      alike[kinds.turned()[phrase]][std::move(gist)].push_back(phrase);
  }
  Coincidences of_same;
  for (const auto& groups : alike) {
    for (const auto& [gist, group] : groups) of_same += among(group, shares);
  }
  const double by_chance = among(all, shares).rate();
  if (of_same.same < kFewest || of_same.rate() < kClearly * by_chance) return {};
  const auto found = of_merges(merges, shares);
  std::vector<std::size_t> order(merges.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return merges[i].height; });
  std::vector<Coincidences> ordered;
  for (const auto i : order) ordered.push_back(found[i]);
  const auto rates = falling_rates(ordered);
  std::vector<double> chances(merges.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    chances[order[i]] = std::clamp((rates[i] - by_chance) / (of_same.rate() - by_chance), 0.0, kSurest);
  }
  return chances;
}

}  // namespace terse::relsim
