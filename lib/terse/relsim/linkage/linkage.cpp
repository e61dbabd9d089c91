#include "terse/relsim/linkage/linkage.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "terse/core/error.hpp"
#include "terse/relsim/ranking/pair_ranking.hpp"

namespace terse::relsim {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

/// The nearest other group, and whether it has to be turned.
struct Nearest {
  double distance = kNever;
  std::int32_t group = -1;
  bool swapped = false;
};

struct Group {
  std::int32_t node = 0;  // as formats::Merge numbers it
  std::vector<std::int32_t> members;
  std::vector<std::uint8_t> swapped;  // of each member against the group
  bool alive = true;
};

class Agglomeration {
 public:
  Agglomeration(const formats::Similarity& similarity, const ClusterOptions& options)
      : similarity_(similarity), options_(options), n_(static_cast<std::int32_t>(similarity.relations.size())) {
    groups_.resize(static_cast<std::size_t>(n_));
    for (std::int32_t i = 0; i < n_; ++i) groups_[index(i)] = {i, {i}, {0}, true};
    fill_distances();
    nearest_.resize(static_cast<std::size_t>(n_));
    for (std::int32_t i = 0; i < n_; ++i) find_nearest(i);
  }

  formats::Clusters run() {
    if (options_.count && *options_.count < 1) throw Error(Error::Usage, "the number of clusters must be at least 1");
    formats::Clusters result;
    std::int64_t left = n_;
    const double limit = options_.count ? std::numeric_limits<double>::max() : options_.threshold;
    while (!options_.count || left > *options_.count) {
      std::int32_t best = 0;
      for (std::int32_t i = 1; i < n_; ++i) {
        if (nearest_[index(i)].distance < nearest_[index(best)].distance) best = i;
      }
      if (n_ == 0 || !(nearest_[index(best)].distance <= limit)) break;
      result.merges.push_back(merge(best));
      --left;
    }
    if (options_.count && left > *options_.count) {
      throw Error(Error::Usage, "cannot go down to " + std::to_string(*options_.count) +
                                    (*options_.count == 1 ? " cluster: " : " clusters: ") + std::to_string(left) +
                                    " are left when only thin relations remain to be merged");
    }
    describe(result);
    return result;
  }

 private:
  static std::size_t index(std::int32_t i) { return static_cast<std::size_t>(i); }
  double& distance(bool swapped, std::int32_t i, std::int32_t j) {
    return distance_[swapped][index(i) * static_cast<std::size_t>(n_) + index(j)];
  }

  void fill_distances() {
    const auto size = static_cast<std::size_t>(n_) * static_cast<std::size_t>(n_);
    const std::vector<double>* sources[] = {&similarity_.divergence, &similarity_.swapped};
    for (int s = 0; s < 2; ++s) {
      distance_[s].assign(size, kNever);
      if (sources[s]->empty()) continue;
      for (std::int32_t i = 0; i < n_; ++i) {
        for (std::int32_t j = 0; j < n_; ++j) {
          if (i == j || is_thin(i) || is_thin(j)) continue;
          const auto at = [&](std::int32_t a, std::int32_t b) {
            return (*sources[s])[index(a) * static_cast<std::size_t>(n_) + index(b)];
          };
          const double combined = combine_directions(at(i, j), at(j, i), similarity_.combine);
          if (!(at(i, j) >= 0) || !(at(j, i) >= 0)) refuse_divergence(similarity_, i, j);
          distance(s, i, j) = combined;
        }
      }
    }
  }

  bool is_thin(std::int32_t relation) const {
    return !options_.merge_thin && !similarity_.thin.empty() && similarity_.thin[index(relation)];
  }

  void find_nearest(std::int32_t i) {
    Nearest nearest;
    for (std::int32_t j = 0; j < n_; ++j) {
      if (j == i || !groups_[index(j)].alive) continue;
      for (const bool swapped : {false, true}) {
        if (distance(swapped, i, j) < nearest.distance) nearest = {distance(swapped, i, j), j, swapped};
      }
    }
    nearest_[index(i)] = nearest;
  }

  double link(double a, double size_a, double b, double size_b) const {
    switch (options_.linkage) {
      case Linkage::Average:
        return (a * size_a + b * size_b) / (size_a + size_b);
      case Linkage::Complete:
        return std::max(a, b);
      case Linkage::Single:
        return std::min(a, b);
    }
    throw Error(Error::Internal, "no such linkage");
  }

  /// Joins group i with its nearest into the one with the lower index.
  formats::Merge merge(std::int32_t i) {
    const auto [height, j, swapped] = nearest_[index(i)];
    const auto keep = std::min(i, j), drop = std::max(i, j);
    auto &kept = groups_[index(keep)], &dropped = groups_[index(drop)];
    const auto size_kept = static_cast<double>(kept.members.size());
    const auto size_dropped = static_cast<double>(dropped.members.size());
    for (std::int32_t k = 0; k < n_; ++k) {
      if (k == keep || k == drop || !groups_[index(k)].alive) continue;
      // Both orientations are read before either is written: a turned group exchanges them.
      const double seen[] = {distance(swapped, drop, k), distance(!swapped, drop, k)};
      for (const bool s : {false, true}) {
        distance(s, keep, k) = distance(s, k, keep) = link(distance(s, keep, k), size_kept, seen[s], size_dropped);
      }
    }
    const auto& a = kept.node < dropped.node ? kept : dropped;
    const auto& b = kept.node < dropped.node ? dropped : kept;
    formats::Merge merge{.a = a.node,
                         .b = b.node,
                         .height = height,
                         .confidence = std::exp(-height / similarity_.temperature),
                         .swapped = swapped,
                         .reason = swapped ? "inverse fact distribution" : "fact distribution"};
    for (std::size_t m = 0; m < dropped.members.size(); ++m) {
      kept.members.push_back(dropped.members[m]);
      kept.swapped.push_back(dropped.swapped[m] ^ static_cast<std::uint8_t>(swapped));
    }
    kept.node = n_ + merged_++;
    dropped.members.clear();
    dropped.swapped.clear();
    dropped.alive = false;
    nearest_[index(drop)] = {};
    for (std::int32_t k = 0; k < n_; ++k) {
      if (!groups_[index(k)].alive) continue;
      auto& nearest = nearest_[index(k)];
      if (k == keep || nearest.group == keep || nearest.group == drop) {
        find_nearest(k);
      } else {
        for (const bool s : {false, true}) {
          if (distance(s, k, keep) < nearest.distance) nearest = {distance(s, k, keep), keep, s};
        }
      }
    }
    return merge;
  }

  void describe(formats::Clusters& result) const {
    result.relations = similarity_.relations;
    result.linkage = to_string(options_.linkage);
    result.threshold = options_.count ? (result.merges.empty() ? 0 : result.merges.back().height) : options_.threshold;
    result.cluster.assign(static_cast<std::size_t>(n_), 0);
    result.swapped.assign(static_cast<std::size_t>(n_), 0);
    for (const auto& group : groups_) {
      if (!group.alive) continue;
      std::size_t best = 0;
      for (std::size_t m = 1; m < group.members.size(); ++m) {
        const auto facts = [&](std::size_t k) { return similarity_.counts[index(group.members[k])]; };
        if (facts(m) > facts(best) || (facts(m) == facts(best) && group.members[m] < group.members[best])) best = m;
      }
      for (std::size_t m = 0; m < group.members.size(); ++m) {
        result.cluster[index(group.members[m])] = static_cast<std::int32_t>(result.representatives.size());
        result.swapped[index(group.members[m])] = group.swapped[m] ^ group.swapped[best];
      }
      result.representatives.push_back(group.members[best]);
    }
  }

  const formats::Similarity& similarity_;
  const ClusterOptions& options_;
  std::int32_t n_;
  std::int32_t merged_ = 0;
  std::vector<Group> groups_;
  std::vector<double> distance_[2];  // [R, R] each: as they stand, and with one side swapped
  std::vector<Nearest> nearest_;
};

}  // namespace

std::string_view to_string(Linkage linkage) {
  switch (linkage) {
    case Linkage::Average:
      return "average";
    case Linkage::Complete:
      return "complete";
    case Linkage::Single:
      return "single";
  }
  throw Error(Error::Internal, "no such linkage");
}

Linkage linkage_called(std::string_view name) {
  for (const auto linkage : {Linkage::Average, Linkage::Complete, Linkage::Single}) {
    if (name == to_string(linkage)) return linkage;
  }
  throw Error(Error::Usage, "no such linkage: '" + std::string(name) + "'");
}

formats::Clusters cluster_relations(const formats::Similarity& similarity, const ClusterOptions& options) {
  return Agglomeration(similarity, options).run();
}

}  // namespace terse::relsim
