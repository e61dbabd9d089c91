#include "terse/relsim/redundancy/phrase_linkage.hpp"

#include <algorithm>
#include <queue>
#include <tuple>
#include <utility>

#include "terse/core/error.hpp"
#include "terse/core/parallel.hpp"

namespace terse::relsim {
namespace {

std::size_t at(std::int32_t i) { return static_cast<std::size_t>(i); }

/// Sum of its members' features.
struct Sum {
  std::vector<std::int32_t> column;  // ascending
  std::vector<double> value;
};

// A group of so many members has most of the features that are common, and looking takes about as long as for the largest.
// What such groups have in common with each other one is therefore listed, as long as there are not too many of them; the
// lists add up when groups are merged.
constexpr std::size_t kLarge = 32, kMostLarge = 1024;

struct Group {
  std::int32_t node = 0;     // as formats::Merge numbers it
  std::int32_t version = 0;  // of what it holds
  std::vector<std::int32_t> members;
  Sum sum;
  std::vector<double> common;  // [groups] scalar product of sums with each other's; empty where it is not kept
};

/// What a group found when it last looked.
struct Candidate {
  double likeness = 0;
  std::int32_t group = -1, version = 0;    // of the one that looked
  std::int32_t nearest = -1, seen = 0;     // whom it found, in which version
  /// The most alike pair comes first, then the one of the lowest index.
  bool operator<(const Candidate& other) const { return std::tie(likeness, other.group) < std::tie(other.likeness, group); }
};

/// Sums over groups of what they have in common with one; all zero between uses.
struct Accumulator {
  std::vector<double> sum;
  std::vector<std::int32_t> touched;
};

class PhraseAgglomeration {
 public:
  PhraseAgglomeration(const PhraseKinds& kinds, const std::vector<std::uint8_t>& thin, const ClusterOptions& options)
      : kinds_(kinds), options_(options), groups_(kinds.phrases()), group_of_(kinds.phrases()) {
    for (std::size_t p = 0; p < groups_.size(); ++p) {
      const bool left_alone = !options.merge_thin && !thin.empty() && thin[p];
      group_of_[p] = left_alone ? -1 : static_cast<std::int32_t>(p);
      auto& group = groups_[p];
      group.node = static_cast<std::int32_t>(p);
      group.members = {group.node};
      const auto columns = kinds.features().columns_of(p);
      const auto values = kinds.features().values_of(p);
      group.sum.column.assign(columns.begin(), columns.end());
      group.sum.value.assign(values.begin(), values.end());
    }
  }

  PhraseClusters run() {
    PhraseClusters result;
    look_for_all();
    auto left = static_cast<std::int64_t>(groups_.size());
    const double least = options_.count ? 0 : 1 - options_.threshold;
    while (!queue_.empty() && (!options_.count || left > *options_.count)) {
      const auto best = queue_.top();
      if (is_current(best) && std::min(best.likeness, 1.0) < least) break;
      queue_.pop();
      if (is_merged(best)) continue;
      if (is_current(best)) {
        merge(best, result);
        --left;
      } else {
        look(best.group);
      }
    }
    if (options_.count && left > *options_.count) {
      throw Error(Error::Usage, "cannot go down to " + std::to_string(*options_.count) + " clusters: the " +
                                    std::to_string(left) + " that are left have nothing in common, or are thin");
    }
    return result;
  }

  /// Clusters and representatives of the groups that are left.
  void describe(formats::Clusters& clusters, const std::vector<std::int64_t>& counts) const {
    clusters.cluster.assign(groups_.size(), 0);
    clusters.swapped.assign(groups_.size(), 0);
    for (const auto& group : groups_) {
      if (group.members.empty()) continue;
      const auto more_facts = [&](std::int32_t a, std::int32_t b) {
        return std::pair(counts[at(a)], b) < std::pair(counts[at(b)], a);
      };
      for (const auto member : group.members) {
        clusters.cluster[at(member)] = static_cast<std::int32_t>(clusters.representatives.size());
      }
      clusters.representatives.push_back(*std::max_element(group.members.begin(), group.members.end(), more_facts));
    }
  }

 private:
  /// What a group's sum has in common with that of each group.
  void find_common(const Group& group, Accumulator& common) const {
    common.sum.resize(groups_.size());
    const auto& phrases = kinds_.phrases_with();
    for (std::size_t i = 0; i < group.sum.column.size(); ++i) {
      const auto others = phrases.columns_of(at(group.sum.column[i]));
      const auto values = phrases.values_of(at(group.sum.column[i]));
      for (std::size_t k = 0; k < others.size(); ++k) {
        const auto other = group_of_[at(others[k])];
        if (other < 0) continue;
        auto& sum = common.sum[at(other)];
        if (sum == 0) common.touched.push_back(other);
        sum += group.sum.value[i] * static_cast<double>(values[k]);
      }
    }
  }

  Candidate nearest_of(std::int32_t g, Accumulator& common) const {
    const auto& group = groups_[at(g)];
    Candidate best{.group = g, .version = group.version};
    const auto consider = [&](std::int32_t other, double product) {
      if (other == g || product <= 0) return;
      const double likeness = product / static_cast<double>(group.members.size() * groups_[at(other)].members.size());
      if (std::pair(likeness, best.nearest) > std::pair(best.likeness, other)) {
        best.likeness = likeness;
        best.nearest = other;
      }
    };
    if (group.common.empty()) {
      find_common(group, common);
      for (const auto other : common.touched) consider(other, std::exchange(common.sum[at(other)], 0));
      common.touched.clear();
    } else {
      for (std::size_t other = 0; other < groups_.size(); ++other) consider(static_cast<std::int32_t>(other), group.common[other]);
    }
    if (best.nearest >= 0) best.seen = groups_[at(best.nearest)].version;
    return best;
  }

  /// What a group has in common with each, as a list; one that it has is taken.
  std::vector<double> list_of(Group& group) {
    if (!group.common.empty()) return std::exchange(group.common, {});
    find_common(group, scratch_);
    std::vector<double> list(groups_.size());
    for (const auto other : scratch_.touched) list[at(other)] = std::exchange(scratch_.sum[at(other)], 0);
    scratch_.touched.clear();
    return list;
  }

  /// Brings all lists up to a merge that is about to happen.
  void merge_lists(std::int32_t keep, std::int32_t drop) {
    auto &kept = groups_[at(keep)], &dropped = groups_[at(drop)];
    const bool has_list = !kept.common.empty() || !dropped.common.empty();
    const bool gets_list = kept.members.size() + dropped.members.size() >= kLarge && large_.size() < kMostLarge;
    std::vector<double> both;
    if (has_list || gets_list) {
      both = list_of(kept);
      const auto other = list_of(dropped);
      for (std::size_t i = 0; i < both.size(); ++i) both[i] += other[i];
      both[at(keep)] = both[at(drop)] = 0;
    }
    std::erase(large_, keep);
    std::erase(large_, drop);
    for (const auto g : large_) {
      auto& list = groups_[at(g)].common;
      list[at(keep)] += std::exchange(list[at(drop)], 0);
    }
    if (!both.empty()) large_.push_back(keep);
    kept.common = std::move(both);
  }

  bool is_merged(const Candidate& candidate) const {
    return groups_[at(candidate.group)].members.empty() || groups_[at(candidate.group)].version != candidate.version;
  }
  bool is_current(const Candidate& candidate) const {
    return !is_merged(candidate) && groups_[at(candidate.nearest)].version == candidate.seen;
  }

  void look(std::int32_t g) {
    const auto found = nearest_of(g, scratch_);
    if (found.nearest >= 0) queue_.push(found);
  }

  void look_for_all() {
    std::vector<Candidate> found(groups_.size());
    core::parallel_for(groups_.size(), 256, [&](std::size_t begin, std::size_t end) {
      Accumulator common;
      for (auto p = begin; p < end; ++p) {
        if (group_of_[p] >= 0) found[p] = nearest_of(static_cast<std::int32_t>(p), common);
      }
    });
    for (const auto& candidate : found) {
      if (candidate.nearest >= 0) queue_.push(candidate);
    }
  }

  void merge(const Candidate& pair, PhraseClusters& result) {
    const auto keep = std::min(pair.group, pair.nearest), drop = std::max(pair.group, pair.nearest);
    auto &kept = groups_[at(keep)], &dropped = groups_[at(drop)];
    const double height = std::max(1 - pair.likeness, 0.0);
    result.clusters.merges.push_back({.a = std::min(kept.node, dropped.node), .b = std::max(kept.node, dropped.node),
                                      .height = height, .confidence = std::clamp(1 - height, 0.0, 1.0), .swapped = false,
                                      .reason = ""});
    merge_lists(keep, drop);
    result.parts.push_back(add(dropped, kept));
    for (const auto member : dropped.members) group_of_[at(member)] = keep;
    kept.members.insert(kept.members.end(), dropped.members.begin(), dropped.members.end());
    kept.node = static_cast<std::int32_t>(groups_.size() + result.parts.size() - 1);
    ++kept.version;
    dropped.members.clear();
    dropped.sum = {};
    ++dropped.version;
    // It looks when its turn comes, which is next: nobody is nearer to it than to the nearer of its parts.
    queue_.push({.likeness = pair.likeness, .group = keep, .version = kept.version, .nearest = drop, .seen = -1});
  }

  /// Adds a group's features to another's. @return what each part adds to the mean likeness of their members
  std::array<double, PhraseKinds::kParts.size()> add(const Group& from, Group& into) const {
    std::array<double, PhraseKinds::kParts.size()> parts{};
    const double pairs = static_cast<double>(from.members.size() * into.members.size());
    const auto &x = into.sum, &y = from.sum;
    Sum both;
    both.column.reserve(x.column.size() + y.column.size());
    both.value.reserve(x.column.size() + y.column.size());
    for (std::size_t i = 0, j = 0; i < x.column.size() || j < y.column.size();) {
      const bool in_x = j == y.column.size() || (i < x.column.size() && x.column[i] <= y.column[j]);
      const bool in_y = i == x.column.size() || (j < y.column.size() && y.column[j] <= x.column[i]);
      const auto column = in_x ? x.column[i] : y.column[j];
      if (in_x && in_y) parts[kinds_.part_of(column)] += x.value[i] * y.value[j] / pairs;
      both.column.push_back(column);
      both.value.push_back((in_x ? x.value[i] : 0) + (in_y ? y.value[j] : 0));
      i += in_x;
      j += in_y;
    }
    into.sum = std::move(both);
    return parts;
  }

  const PhraseKinds& kinds_;
  const ClusterOptions& options_;
  std::vector<Group> groups_;           // a merged one stays where the lower index of its parts was
  std::vector<std::int32_t> group_of_;  // of each phrase; -1: left alone
  std::priority_queue<Candidate> queue_;
  Accumulator scratch_;
  std::vector<std::int32_t> large_;  // groups that have a list
};

}  // namespace

PhraseClusters cluster_phrases(const PhraseKinds& kinds, const std::vector<std::string>& phrases,
                               const std::vector<std::int64_t>& counts, const std::vector<std::uint8_t>& thin,
                               const ClusterOptions& options) {
  if (options.linkage != Linkage::Average) throw Error(Error::Usage, "phrases are grouped by average linkage alone");
  if (options.count && *options.count < 1) throw Error(Error::Usage, "the number of clusters must be at least 1");
  PhraseAgglomeration agglomeration(kinds, thin, options);
  auto result = agglomeration.run();
  result.clusters.relations = phrases;
  result.clusters.linkage = to_string(options.linkage);
  const auto& merges = result.clusters.merges;
  result.clusters.threshold = !options.count ? options.threshold : merges.empty() ? 0 : merges.back().height;
  agglomeration.describe(result.clusters, counts);
  return result;
}

}  // namespace terse::relsim
