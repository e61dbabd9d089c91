#include "terse/relsim/phrases/phrase_linkage.hpp"

#include <algorithm>
#include <optional>
#include <queue>
#include <tuple>
#include <utility>

#include "terse/core/error.hpp"
#include "terse/core/parallel.hpp"
#include "terse/relsim/kb/id.hpp"
#include "terse/relsim/sparse/group_products.hpp"

namespace terse::relsim {
namespace {

/// Phrases of a group that may be merged, all of which say something or all of which deny it.
struct Cluster {
  std::int32_t node = -1;  // as formats::Merge numbers it; -1 where there is none
  std::vector<std::int32_t> members;
};

/// Who is at a place of GroupProducts: phrases of one kind.
struct Group {
  std::int32_t version = 0;         // of what it holds
  std::array<Cluster, 2> clusters;  // those that are not negated, those that are
};

/// What a group found when it last looked.
struct Candidate {
  double likeness = 0;
  std::int32_t group = -1, version = 0;  // of the one that looked
  std::int32_t nearest = -1, seen = 0;   // whom it found, in which version
  /// The most alike pair comes first, then the one of the lowest index.
  bool operator<(const Candidate& other) const {
    return std::tie(likeness, other.group) < std::tie(other.likeness, group);
  }
};

// Gaps are closed when so large a share of places is left: often enough that looking does not meet the same group
// twice, seldom enough to cost little.
constexpr double kFew = 0.8;

class PhraseAgglomeration {
 public:
  PhraseAgglomeration(const PhraseKinds& kinds, const std::vector<std::uint8_t>& thin, const ClusterOptions& options)
      : kinds_(kinds), options_(options), phrases_(kinds.phrases()) {
    std::vector<std::int32_t> rows;
    for (std::size_t p = 0; p < phrases_; ++p) {
      Group group;
      group.clusters[kinds.negated()[p]] = {static_cast<std::int32_t>(p), {static_cast<std::int32_t>(p)}};
      const bool is_alone = !options.merge_thin && !thin.empty() && thin[p];
      if (!is_alone) rows.push_back(static_cast<std::int32_t>(p));
      (is_alone ? left_alone_ : groups_).push_back(std::move(group));
    }
    products_.emplace(kinds.features(), rows);
    left_ = static_cast<std::int64_t>(phrases_);
  }

  PhraseClusters run() {
    PhraseClusters result;
    look_for_all();
    const double least = options_.count ? 0 : 1 - options_.threshold;
    // What a stale candidate found is no less than what it will find: a merge brings nobody nearer.
    while (!queue_.empty() && !is_done() && std::min(queue_.top().likeness, 1.0) >= least) {
      if (is_current(queue_.top())) {
        const auto pair = queue_.top();
        queue_.pop();
        merge(pair, result);
        if (static_cast<double>(products_->groups()) < kFew * static_cast<double>(products_->places())) close_gaps();
      } else {
        look_again();
      }
    }
    if (options_.count && !is_done()) {
      throw Error(Error::Usage, "cannot go down to " + std::to_string(*options_.count) +
                                    (*options_.count == 1 ? " cluster: the " : " clusters: the ") +
                                    std::to_string(left_) + " that are left have nothing in common, or are thin");
    }
    return result;
  }

  /// Clusters and representatives of the groups that are left, in the order of their first members.
  void describe(formats::Clusters& clusters, const std::vector<std::int64_t>& counts) const {
    clusters.cluster.assign(phrases_, 0);
    clusters.swapped.assign(phrases_, 0);
    std::vector<const Cluster*> order;
    for (const auto* groups : {&groups_, &left_alone_}) {
      for (const auto& group : *groups) {
        for (const auto& cluster : group.clusters) {
          if (cluster.node >= 0) order.push_back(&cluster);
        }
      }
    }
    for (const auto& cluster : cut_off_) order.push_back(&cluster);
    std::ranges::sort(order, {}, [](const Cluster* cluster) { return std::ranges::min(cluster->members); });
    for (const auto* cluster : order) {
      const auto more_facts = [&](std::int32_t a, std::int32_t b) {
        return std::pair(counts[at(a)], b) < std::pair(counts[at(b)], a);
      };
      const auto representative = std::ranges::max(cluster->members, more_facts);
      for (const auto member : cluster->members) {
        clusters.cluster[at(member)] = static_cast<std::int32_t>(clusters.representatives.size());
        clusters.swapped[at(member)] = are_turned(member, representative);
      }
      clusters.representatives.push_back(representative);
    }
  }

 private:
  bool is_done() const { return options_.count && left_ <= *options_.count; }

  bool are_turned(std::int32_t a, std::int32_t b) const { return kinds_.turned()[at(a)] != kinds_.turned()[at(b)]; }

  bool is_merged(const Candidate& candidate) const {
    return candidate.group < 0 || groups_[at(candidate.group)].version != candidate.version;
  }
  bool is_current(const Candidate& candidate) const {
    return !is_merged(candidate) && candidate.nearest >= 0 && groups_[at(candidate.nearest)].version == candidate.seen;
  }

  /// The one at the head of the queue, unless it was merged.
  void look_again() {
    const auto candidate = queue_.top();
    queue_.pop();
    if (!is_merged(candidate)) keep_found(candidate.group, products_->nearest(candidate.group, scratch_));
  }

  /// Everyone, shared out among threads. Later searches are small, and each waits for the last.
  void look_for_all() {
    std::vector<GroupProducts::Nearest> found(groups_.size());
    core::parallel_for(groups_.size(), 256, [&](std::size_t begin, std::size_t end) {
      std::vector<double> scratch;
      for (auto i = begin; i < end; ++i) found[i] = products_->nearest(static_cast<std::int32_t>(i), scratch);
    });
    for (std::size_t i = 0; i < found.size(); ++i) keep_found(static_cast<std::int32_t>(i), found[i]);
  }

  void keep_found(std::int32_t group, const GroupProducts::Nearest& found) {
    if (found.place < 0) return;
    queue_.push({.likeness = found.likeness,
                 .group = group,
                 .version = groups_[at(group)].version,
                 .nearest = found.place,
                 .seen = groups_[at(found.place)].version});
  }

  /// Merges two groups, and of these what says something and what denies it, each with its like.
  void merge(const Candidate& pair, PhraseClusters& result) {
    const auto keep = std::min(pair.group, pair.nearest), drop = std::max(pair.group, pair.nearest);
    auto &kept = groups_[at(keep)], &dropped = groups_[at(drop)];
    const auto pairs = static_cast<double>(products_->size(keep) * products_->size(drop));
    std::array<double, PhraseKinds::kParts.size()> parts{};
    for (const auto& [column, product] : products_->merge(keep, drop)) parts[kinds_.part_of(column)] += product / pairs;
    for (std::size_t c = 0; c < kept.clusters.size(); ++c) {
      auto &mine = kept.clusters[c], &theirs = dropped.clusters[c];
      if (mine.node >= 0 && theirs.node >= 0) {
        if (is_done()) {
          cut_off_.push_back(std::move(theirs));  // what its like was merged with came first
        } else {
          join(mine, theirs, std::max(1 - pair.likeness, 0.0), parts, result);
        }
      } else if (theirs.node >= 0) {
        mine = std::move(theirs);
      }
      theirs = {};
    }
    ++kept.version;
    ++dropped.version;
    // It looks when its turn comes, which is next: nobody is nearer to it than to the nearer of its parts.
    queue_.push({.likeness = pair.likeness, .group = keep, .version = kept.version});
  }

  void join(Cluster& mine, const Cluster& theirs, double height,
            const std::array<double, PhraseKinds::kParts.size()>& parts, PhraseClusters& result) {
    result.clusters.merges.push_back({.a = std::min(mine.node, theirs.node),
                                      .b = std::max(mine.node, theirs.node),
                                      .height = height,
                                      .confidence = std::clamp(1 - height, 0.0, 1.0),
                                      .swapped = are_turned(mine.members[0], theirs.members[0]),
                                      .reason = ""});
    result.parts.push_back(parts);
    mine.members.insert(mine.members.end(), theirs.members.begin(), theirs.members.end());
    mine.node = static_cast<std::int32_t>(phrases_ + result.parts.size() - 1);
    --left_;
  }

  void close_gaps() {
    std::vector<Candidate> candidates;
    for (; !queue_.empty(); queue_.pop()) {
      if (is_merged(queue_.top())) continue;
      candidates.push_back(queue_.top());
      if (!is_current(queue_.top())) candidates.back().nearest = -1;
    }
    const auto place = products_->close_gaps();
    for (std::size_t old = 0; old < place.size(); ++old) {
      if (place[old] >= 0 && at(place[old]) != old) groups_[at(place[old])] = std::move(groups_[old]);
    }
    groups_.resize(products_->places());
    for (auto& candidate : candidates) {
      candidate.group = place[at(candidate.group)];
      if (candidate.nearest >= 0) candidate.nearest = place[at(candidate.nearest)];
    }
    queue_ = std::priority_queue<Candidate>({}, std::move(candidates));
  }

  const PhraseKinds& kinds_;
  const ClusterOptions& options_;
  const std::size_t phrases_;
  std::int64_t left_ = 0;  // clusters
  std::vector<Cluster> cut_off_;
  std::vector<Group> groups_, left_alone_;  // by place; a merged one stays at the lower place of its parts
  std::optional<GroupProducts> products_;
  std::priority_queue<Candidate> queue_;
  std::vector<double> scratch_;
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
