#include "terse/act/memory_plan.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <unordered_map>

#include "terse/core/error.hpp"
#include "terse/core/size.hpp"

namespace terse::act {

namespace {

std::uint64_t bytes_at(const Moment& moment, std::span<const BitLadder> ladders, std::span<const std::size_t> choice) {
  std::uint64_t bytes = moment.base;
  for (std::uint32_t t : moment.stored) bytes += ladders[t].choices[choice[t]].bytes;
  return bytes;
}

/// A choice under change, with the bytes of every moment kept up to date.
class Balance {
 public:
  Balance(std::span<const Moment> moments, std::span<const BitLadder> ladders, std::uint64_t budget)
      : moments_(moments), ladders_(ladders), budget_(budget), moments_of_(ladders.size()) {
    for (const BitLadder& ladder : ladders) hulls_.push_back(useful_choices(ladder, true));
    for (std::uint32_t m = 0; m < moments.size(); ++m) {
      for (std::uint32_t t : moments[m].stored) moments_of_[t].push_back(m);
    }
    position_.resize(ladders.size());
    used_.resize(moments.size());
  }

  /// Every tensor at the top of its ladder, then down where it costs least for what it frees until all moments fit.
  bool descend() {
    for (std::size_t t = 0; t < hulls_.size(); ++t) position_[t] = hulls_[t].size() - 1;
    for (std::size_t m = 0; m < moments_.size(); ++m) used_[m] = bytes_at(moments_[m], ladders_, choice());
    while (over_budget()) {
      std::size_t best = hulls_.size();
      double least = std::numeric_limits<double>::infinity();
      for (std::size_t t = 0; t < hulls_.size(); ++t) {
        if (position_[t] == 0) continue;
        const double freed = relief(t);
        if (freed > 0 && step_variance(t) / freed < least) {
          least = step_variance(t) / freed;
          best = t;
        }
      }
      if (best == hulls_.size()) return false;
      move(best, position_[best] - 1);
    }
    return true;
  }

  /// Spends what the descent left: the step up that gains most for its bytes, as long as one fits.
  void ascend() {
    for (;;) {
      std::size_t best = hulls_.size(), to = 0;
      double most = 0;
      for (std::size_t t = 0; t < hulls_.size(); ++t) {
        for (std::size_t up = position_[t] + 1; up < hulls_[t].size(); ++up) {
          const std::uint64_t bytes = at(t, up).bytes - at(t, position_[t]).bytes;
          if (!fits(t, bytes)) break;
          const double gain = (at(t, position_[t]).variance - at(t, up).variance) / static_cast<double>(bytes);
          if (gain > most) {
            most = gain;
            best = t;
            to = up;
          }
        }
      }
      if (best == hulls_.size()) return;
      move(best, to);
    }
  }

  std::vector<std::size_t> choice() const {
    std::vector<std::size_t> choice;
    for (std::size_t t = 0; t < hulls_.size(); ++t) choice.push_back(hulls_[t][position_[t]]);
    return choice;
  }

 private:
  const BitChoice& at(std::size_t t, std::size_t position) const { return ladders_[t].choices[hulls_[t][position]]; }

  bool over_budget() const {
    return std::any_of(used_.begin(), used_.end(), [&](std::uint64_t bytes) { return bytes > budget_; });
  }

  bool fits(std::size_t t, std::uint64_t more) const {
    return std::all_of(moments_of_[t].begin(), moments_of_[t].end(),
                       [&](std::uint32_t m) { return used_[m] + more <= budget_; });
  }

  double step_variance(std::size_t t) const { return at(t, position_[t] - 1).variance - at(t, position_[t]).variance; }

  /// Bytes over the budget that one step down takes away, summed over the moments.
  double relief(std::size_t t) const {
    const std::uint64_t less = at(t, position_[t]).bytes - at(t, position_[t] - 1).bytes;
    double sum = 0;
    for (std::uint32_t m : moments_of_[t]) {
      if (used_[m] > budget_) sum += static_cast<double>(std::min(less, used_[m] - budget_));
    }
    return sum;
  }

  void move(std::size_t t, std::size_t to) {
    for (std::uint32_t m : moments_of_[t]) used_[m] = used_[m] - at(t, position_[t]).bytes + at(t, to).bytes;
    position_[t] = to;
  }

  std::span<const Moment> moments_;
  std::span<const BitLadder> ladders_;
  std::uint64_t budget_;
  std::vector<std::vector<std::uint32_t>> moments_of_;
  std::vector<std::vector<std::size_t>> hulls_;
  std::vector<std::size_t> position_;  // [tensors] in the hull
  std::vector<std::uint64_t> used_;    // [moments]
};

/// The optimum if `moment` were the only one: a bound for all. Tensors not stored at it stand at the top.
BitAllocation for_one_moment(const Moment& moment, std::span<const BitLadder> ladders, std::uint64_t budget) {
  BitAllocation whole;
  for (const BitLadder& ladder : ladders) whole.choice.push_back(useful_choices(ladder, true).back());
  std::vector<BitLadder> part;
  for (std::uint32_t t : moment.stored) part.push_back(ladders[t]);
  const BitAllocation allocation = allocate_bits(part, budget - moment.base);
  for (std::size_t i = 0; i < moment.stored.size(); ++i) whole.choice[moment.stored[i]] = allocation.choice[i];
  whole.lower_bound = allocation.lower_bound;
  whole.optimal = allocation.optimal;
  return whole;
}

void sum_up(std::span<const BitLadder> ladders, BitAllocation& allocation) {
  allocation.bytes = 0;
  allocation.variance = 0;
  for (std::size_t t = 0; t < ladders.size(); ++t) {
    allocation.bytes += ladders[t].choices[allocation.choice[t]].bytes;
    allocation.variance += ladders[t].choices[allocation.choice[t]].variance;
  }
}

}  // namespace

std::vector<Moment> peak_moments(const formats::Profile& profile) {
  std::map<std::vector<std::uint32_t>, std::uint64_t> highest;  // base by set of live stores
  std::unordered_map<std::uint64_t, formats::AllocationEvent> live;
  std::map<std::uint32_t, int> stored;  // blocks of a tensor's store
  std::uint64_t base = profile.live_bytes_before;
  std::vector<std::uint32_t> set;
  bool changed = true;
  const auto note = [&] {
    if (changed) {
      set.clear();
      for (const auto& [tensor, blocks] : stored) set.push_back(tensor);
      changed = false;
    }
    auto& seen = highest[set];
    seen = std::max(seen, base);
  };
  note();
  for (const formats::AllocationEvent& event : profile.timeline) {
    if (event.tensor >= 0 && static_cast<std::size_t>(event.tensor) >= profile.tensors.size()) {
      throw Error(Error::BadInput, "profile's timeline names saved tensor " + std::to_string(event.tensor) + " of " +
                                       std::to_string(profile.tensors.size()));
    }
    if (event.bytes > 0) {
      live.emplace(event.block, event);
      if (event.tensor >= 0) {
        changed |= stored[static_cast<std::uint32_t>(event.tensor)]++ == 0;
      } else {
        base += static_cast<std::uint64_t>(event.bytes);
      }
      note();
      continue;
    }
    const auto block = live.find(event.block);
    if (block == live.end() || block->second.bytes != -event.bytes) {
      throw Error(Error::BadInput, "profile's timeline releases block " + std::to_string(event.block) +
                                       ", which it did not allocate in this size");
    }
    if (block->second.tensor >= 0) {
      const auto tensor = static_cast<std::uint32_t>(block->second.tensor);
      if (--stored[tensor] == 0) {
        stored.erase(tensor);
        changed = true;
      }
    } else {
      base -= static_cast<std::uint64_t>(-event.bytes);
    }
    live.erase(block);
  }

  std::vector<Moment> moments;
  for (auto& [tensors, bytes] : highest) moments.push_back({bytes, tensors});
  std::stable_sort(moments.begin(), moments.end(), [](const Moment& a, const Moment& b) { return a.base > b.base; });
  std::vector<Moment> kept;
  for (Moment& moment : moments) {
    const bool covered = std::any_of(kept.begin(), kept.end(), [&](const Moment& other) {
      return std::includes(other.stored.begin(), other.stored.end(), moment.stored.begin(), moment.stored.end());
    });
    if (!covered) kept.push_back(std::move(moment));
  }
  return kept;
}

std::uint64_t planned_peak(std::span<const Moment> moments, std::span<const BitLadder> ladders,
                           std::span<const std::size_t> choice) {
  std::uint64_t peak = 0;
  for (const Moment& moment : moments) peak = std::max(peak, bytes_at(moment, ladders, choice));
  return peak;
}

BitAllocation plan_memory(std::span<const Moment> moments, std::span<const BitLadder> ladders, std::uint64_t budget) {
  std::vector<std::size_t> smallest;
  for (const BitLadder& ladder : ladders) smallest.push_back(useful_choices(ladder, true).front());
  const std::uint64_t least = planned_peak(moments, ladders, smallest);
  if (least > budget) {
    throw Error(Error::OutOfMemory,
                "the step needs at least " + core::format_size(least) + ", the budget is " + core::format_size(budget));
  }

  BitAllocation best;
  double bound = 0;
  for (const Moment& moment : moments) {
    BitAllocation one = for_one_moment(moment, ladders, budget);
    bound = std::max(bound, one.lower_bound);
    if (planned_peak(moments, ladders, one.choice) <= budget) {
      sum_up(ladders, one);
      return one;  // feasible for all and optimal for one: optimal
    }
  }
  Balance balance(moments, ladders, budget);
  balance.descend();
  balance.ascend();
  best.choice = balance.choice();
  sum_up(ladders, best);
  best.lower_bound = std::min(bound, best.variance);
  best.optimal = best.variance <= bound;
  return best;
}

}  // namespace terse::act
