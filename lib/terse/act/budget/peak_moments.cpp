#include "terse/act/budget/peak_moments.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "terse/core/error.hpp"

namespace terse::act {

namespace {

/// The live blocks of one saved tensor.
struct Live {
  int stored = 0;
  std::uint64_t saved = 0, restored = 0;  // bytes

  bool any() const { return stored > 0 || saved > 0 || restored > 0; }
  /// A reference to the tensor would live from when it is stored until it has been used.
  bool would_be_kept() const { return stored > 0 || restored > 0; }
};

bool precedes(const TensorAtMoment& a, const TensorAtMoment& b) {
  if (a.tensor != b.tensor) return a.tensor < b.tensor;
  return a.stored != b.stored ? a.stored < b.stored : a.covered < b.covered;
}

struct Before {
  bool operator()(const std::vector<TensorAtMoment>& a, const std::vector<TensorAtMoment>& b) const {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), precedes);
  }
};

/// Whether the moment takes no fewer bytes than `other`, whose base is no larger, whatever the choice.
/// @param largest  [tensors] bytes of a tensor's own block: what keeping it takes at least
bool covers(const Moment& moment, const Moment& other, const std::vector<std::uint64_t>& largest) {
  // What is here and not there must not make this moment the smaller one.
  const auto never_spares = [&](const TensorAtMoment& at) { return at.covered <= largest[at.tensor]; };
  auto mine = moment.tensors.begin();
  for (const TensorAtMoment& theirs : other.tensors) {
    for (; mine != moment.tensors.end() && mine->tensor < theirs.tensor; ++mine) {
      if (!never_spares(*mine)) return false;
    }
    if (mine == moment.tensors.end() || mine->tensor != theirs.tensor) return false;
    if (mine->stored < theirs.stored || mine->covered > theirs.covered) return false;
    ++mine;
  }
  return std::all_of(mine, moment.tensors.end(), never_spares);
}

/// Runs through a timeline and keeps the moments that can be the peak.
class Replay {
 public:
  explicit Replay(const StepTimeline& timeline)
      : timeline_(timeline), largest_(timeline.tensors, 0), base_(timeline.live_before) {}

  /// @param extra  [events] bytes on top of what is live after each event
  std::vector<Moment> moments(const std::vector<std::uint64_t>& extra) {
    note(0);
    for (std::size_t i = 0; i < timeline_.events.size(); ++i) {
      apply(timeline_.events[i]);
      if (timeline_.events[i].bytes > 0) note(extra[i]);  // a release leaves no more than there was
    }
    return not_covered();
  }

 private:
  void note(std::uint64_t more) {
    if (changed_) {
      set_.clear();
      for (const auto& [tensor, live] : live_) {
        if (live.would_be_kept()) set_.push_back({tensor, live.stored > 0, live.saved + live.restored});
      }
      changed_ = false;
    }
    auto& seen = highest_[set_];
    seen = std::max(seen, base_ + more);
  }

  void apply(const StepEvent& event) {
    const bool of_tensor = event.part != BlockPart::Other;
    if (of_tensor && event.tensor >= timeline_.tensors) {
      throw Error(Error::BadInput, "a step's timeline names saved tensor " + std::to_string(event.tensor) + " of " +
                                       std::to_string(timeline_.tensors));
    }
    if (event.bytes > 0) {
      blocks_.emplace(event.block, event);
      change(event, 1);
      return;
    }
    const auto block = blocks_.find(event.block);
    if (block == blocks_.end() || block->second.bytes != -event.bytes) {
      throw Error(Error::BadInput, "a step's timeline releases block " + std::to_string(event.block) +
                                       ", which it did not allocate in this size");
    }
    change(block->second, -1);
    blocks_.erase(block);
  }

  /// Takes in an allocation (sign 1) or takes it back (-1).
  void change(const StepEvent& event, int sign) {
    const auto bytes = static_cast<std::uint64_t>(event.bytes);
    const auto add = [&](std::uint64_t& to) { to = sign > 0 ? to + bytes : to - bytes; };
    if (event.part != BlockPart::Stored) add(base_);
    if (event.part == BlockPart::Other) return;
    Live& live = live_[event.tensor];
    if (event.part == BlockPart::Stored) {
      live.stored += sign;
    } else {
      largest_[event.tensor] = std::max(largest_[event.tensor], bytes);
    }
    if (event.part == BlockPart::Saved) add(live.saved);
    if (event.part == BlockPart::Restored) add(live.restored);
    if (!live.any()) live_.erase(event.tensor);
    changed_ = true;
  }

  std::vector<Moment> not_covered() const {
    std::vector<Moment> moments;
    for (const auto& [tensors, bytes] : highest_) moments.push_back({bytes, tensors});
    std::stable_sort(moments.begin(), moments.end(), [](const Moment& a, const Moment& b) { return a.base > b.base; });
    std::vector<Moment> kept;
    for (Moment& moment : moments) {
      if (std::none_of(kept.begin(), kept.end(),
                       [&](const Moment& other) { return covers(other, moment, largest_); })) {
        kept.push_back(std::move(moment));
      }
    }
    return kept;
  }

  const StepTimeline& timeline_;
  std::vector<std::uint64_t> largest_;  // [tensors] bytes of a block that holds the tensor itself
  std::map<std::vector<TensorAtMoment>, std::uint64_t, Before> highest_;  // base by what is live
  std::unordered_map<std::uint64_t, StepEvent> blocks_;
  std::map<std::uint32_t, Live> live_;
  std::uint64_t base_;
  std::vector<TensorAtMoment> set_;
  bool changed_ = true;
};

/// For each event of the backward pass, the most that the pass holds later on beyond what it holds when it begins,
/// without stores and without what outlives it (gradients); and `more`. 0 for events of the forward pass.
std::vector<std::uint64_t> workspace_to_come(const StepTimeline& timeline, std::uint64_t more) {
  std::unordered_map<std::uint64_t, std::int64_t> unreleased;
  for (const StepEvent& event : timeline.events) unreleased[event.block] += event.bytes;
  const auto count = timeline.events.size();
  std::vector<std::int64_t> held(count + 1, 0);  // beyond the beginning of the backward pass
  for (std::size_t i = timeline.backward_start; i < count; ++i) {
    const StepEvent& event = timeline.events[i];
    const bool counts = event.part != BlockPart::Stored && unreleased[event.block] <= 0;
    held[i + 1] = held[i] + (counts ? event.bytes : 0);
  }
  std::vector<std::uint64_t> to_come(count, 0);
  std::int64_t most = 0;
  for (std::size_t i = count; i-- > timeline.backward_start;) {
    most = std::max(most, held[i + 1]);
    to_come[i] = static_cast<std::uint64_t>(most) + more;
  }
  return to_come;
}

}  // namespace

std::int64_t bytes_at(const TensorAtMoment& at, const BitChoice& choice) {
  const auto bytes = static_cast<std::int64_t>(choice.bytes);
  if (choice.bits == kKeptBits) return bytes - static_cast<std::int64_t>(at.covered);
  return at.stored ? bytes : 0;
}

std::uint64_t bytes_at(const Moment& moment, std::span<const BitLadder> ladders, std::span<const std::size_t> choice) {
  auto bytes = static_cast<std::int64_t>(moment.base);
  for (const TensorAtMoment& at : moment.tensors) bytes += bytes_at(at, ladders[at.tensor].choices[choice[at.tensor]]);
  return static_cast<std::uint64_t>(std::max<std::int64_t>(bytes, 0));
}

std::vector<Moment> peak_moments(const StepTimeline& timeline, std::uint64_t probing) {
  return Replay(timeline).moments(probing > 0 ? workspace_to_come(timeline, probing)
                                              : std::vector<std::uint64_t>(timeline.events.size(), 0));
}

}  // namespace terse::act
