#include "terse/relsim/linkage/gold.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <string_view>
#include <utility>

#include "terse/core/error.hpp"
#include "terse/relsim/kb/id.hpp"
#include "terse/relsim/kb/vocabulary.hpp"
#include "terse/relsim/ranking/pair_ranking.hpp"

namespace terse::relsim {
namespace {

Stance stance_of(const core::TsvReader& reader, std::string_view word) {
  if (word == "same") return Stance::Same;
  if (word == "inverse") return Stance::Inverse;
  if (word == "symmetric") return Stance::Symmetric;
  throw reader.error("expected same, inverse or symmetric, not '" + std::string(word) + "'");
}

/// Whether the gold says that a and b are the same in this orientation; a = b asks for symmetry.
bool is_right(const Gold& gold, std::int32_t a, std::int32_t b, bool swapped) {
  if (gold.label[at(a)] != gold.label[at(b)]) return false;
  if (!gold.oriented) return true;
  const auto x = gold.stance[at(a)], y = gold.stance[at(b)];
  if (a == b) return x == Stance::Symmetric;
  if (x == Stance::Symmetric || y == Stance::Symmetric) return true;
  return (x != y) == swapped;
}

struct Purity {
  std::int64_t groups = 0, pure = 0, members = 0, largest = 0;
};

/// Of each group (first key): how many members lie in its largest overlap with one of the other side's groups, and
/// whether all do.
Purity purity(const std::map<std::pair<std::int32_t, std::int32_t>, std::int64_t>& overlaps) {
  Purity result;
  for (auto group = overlaps.begin(); group != overlaps.end();) {
    std::int64_t total = 0, largest = 0;
    const auto key = group->first.first;
    for (; group != overlaps.end() && group->first.first == key; ++group) {
      total += group->second;
      largest = std::max(largest, group->second);
    }
    ++result.groups;
    result.pure += largest == total;
    result.members += total;
    result.largest += largest;
  }
  return result;
}

double share(std::int64_t part, std::int64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0;
}

}  // namespace

Gold read_gold(core::TsvReader& reader, const std::vector<std::string>& relations) {
  const Vocabulary known(relations);
  Vocabulary classes;
  Gold gold;
  gold.label.assign(relations.size(), -1);
  gold.stance.assign(relations.size(), Stance::Same);
  std::vector<std::string_view> fields;
  while (reader.next(fields)) {
    if (fields.size() < 2 || fields.size() > 3) {
      throw reader.error("expected a relation, its class and perhaps its orientation, separated by tabs");
    }
    const auto stance = fields.size() == 3 ? stance_of(reader, fields[2]) : Stance::Same;
    gold.oriented |= fields.size() == 3;
    const auto relation = known.find(fields[0]);
    if (!relation) {
      ++gold.unknown;
      continue;
    }
    if (gold.label[at(*relation)] >= 0) throw reader.error("'" + std::string(fields[0]) + "' is given twice");
    gold.label[at(*relation)] = classes.intern(fields[1]);
    gold.stance[at(*relation)] = stance;
  }
  gold.classes = classes.size();
  if (gold.classes == 0) throw Error(Error::BadInput, reader.name() + ": names none of the relations");
  return gold;
}

GoldScores score_clusters(const formats::Clusters& clusters, const Gold& gold) {
  std::map<std::pair<std::int32_t, std::int32_t>, std::int64_t> by_cluster, by_class;
  std::vector<std::int32_t> labelled;
  for (std::int32_t r = 0; at(r) < gold.label.size(); ++r) {
    if (gold.label[at(r)] < 0) continue;
    labelled.push_back(r);
    ++by_cluster[{clusters.cluster[at(r)], gold.label[at(r)]}];
    ++by_class[{gold.label[at(r)], clusters.cluster[at(r)]}];
  }
  std::int64_t together = 0, right = 0, positive = 0;
  for (std::size_t i = 0; i < labelled.size(); ++i) {
    for (std::size_t j = i + 1; j < labelled.size(); ++j) {
      const auto a = labelled[i], b = labelled[j];
      positive += gold.label[at(a)] == gold.label[at(b)];
      if (clusters.cluster[at(a)] != clusters.cluster[at(b)]) continue;
      ++together;
      right += is_right(gold, a, b, clusters.swapped[at(a)] != clusters.swapped[at(b)]);
    }
  }
  const auto precision = purity(by_cluster), recall = purity(by_class);
  GoldScores scores;
  scores.relations = static_cast<std::int64_t>(labelled.size());
  scores.positive_pairs = positive;
  scores.macro = {share(precision.pure, precision.groups), share(recall.pure, recall.groups)};
  scores.micro = {share(precision.largest, precision.members), share(recall.largest, recall.members)};
  scores.pair = {share(right, together), share(right, positive)};
  return scores;
}

std::vector<Reliability> score_confidence(const formats::Clusters& clusters, const Gold& gold) {
  constexpr int kBins = 10;
  struct Sums {
    double confidence = 0;
    std::int64_t right = 0, pairs = 0;
  };
  std::array<Sums, kBins> bins;
  std::vector<std::vector<std::int32_t>> nodes(gold.label.size());  // labelled members
  for (std::int32_t r = 0; at(r) < gold.label.size(); ++r) {
    if (gold.label[at(r)] >= 0) nodes[at(r)] = {r};
  }
  for (const auto& merge : clusters.merges) {
    auto members = std::exchange(nodes[at(merge.a)], {});
    const auto others = std::exchange(nodes[at(merge.b)], {});
    auto& bin = bins[at(std::clamp(static_cast<std::int32_t>(merge.confidence * kBins), 0, kBins - 1))];
    for (const auto a : members) {
      for (const auto b : others) bin.right += is_right(gold, a, b, clusters.swapped[at(a)] != clusters.swapped[at(b)]);
    }
    const auto pairs = static_cast<std::int64_t>(members.size() * others.size());
    bin.pairs += pairs;
    bin.confidence += merge.confidence * static_cast<double>(pairs);
    members.insert(members.end(), others.begin(), others.end());
    nodes.push_back(std::move(members));
  }
  std::vector<Reliability> result;
  for (auto bin = bins.rbegin(); bin != bins.rend(); ++bin) {
    if (bin->pairs > 0)
      result.push_back({bin->confidence / static_cast<double>(bin->pairs), share(bin->right, bin->pairs), bin->pairs});
  }
  return result;
}

double calibration_error(const std::vector<Reliability>& reliability) {
  double sum = 0, pairs = 0;
  for (const auto& one : reliability) {
    sum += std::abs(one.confidence - one.right) * static_cast<double>(one.pairs);
    pairs += static_cast<double>(one.pairs);
  }
  return pairs > 0 ? sum / pairs : std::numeric_limits<double>::quiet_NaN();
}

std::vector<CurvePoint> precision_recall_curve(const formats::Similarity& similarity, const Gold& gold) {
  const auto pairs = rank_pairs(similarity);
  std::int64_t seen = 0, right = 0, positive = 0;
  std::vector<CurvePoint> curve;
  std::vector<std::int64_t> found;
  for (std::size_t i = 0; i < pairs.size();) {
    std::int64_t right_here = 0;
    const double divergence = pairs[i].divergence;
    for (; i < pairs.size() && pairs[i].divergence == divergence; ++i) {
      const auto& pair = pairs[i];
      if (gold.label[at(pair.a)] < 0 || gold.label[at(pair.b)] < 0) continue;
      if (pair.a == pair.b && !gold.oriented) continue;
      ++seen;
      right_here += is_right(gold, pair.a, pair.b, pair.orientation == Orientation::Inverse);
      // A pair of one class counts as positive in whichever orientation the ranking has put it.
      positive += is_right(gold, pair.a, pair.b, false) || is_right(gold, pair.a, pair.b, true);
    }
    right += right_here;
    if (right_here == 0) continue;
    found.push_back(right);
    curve.push_back({0, share(right, seen), divergence});
  }
  for (std::size_t i = 0; i < curve.size(); ++i) curve[i].recall = share(found[i], positive);
  // What is positive but never in the right orientation is not found: the curve ends below a recall of 1.
  if (positive > 0 && curve.empty()) curve.push_back({0, 0, 0});
  return curve;
}

double average_precision(const std::vector<CurvePoint>& curve) {
  if (curve.empty()) return std::numeric_limits<double>::quiet_NaN();
  double area = 0, recall = 0;
  for (const auto& point : curve) {
    area += (point.recall - recall) * point.precision;
    recall = point.recall;
  }
  return area;
}

}  // namespace terse::relsim
