#include "terse/act/budget/memory_plan.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>

#include "terse/core/error.hpp"
#include "terse/core/size.hpp"

namespace terse::act {

namespace {

constexpr std::size_t kMomentsTried = 8;

/// The choices of a ladder's hull, fewest bytes first, and its largest even where no variance speaks for it: to keep a
/// tensor can spare more bytes at a moment than it takes.
std::vector<std::size_t> plannable_choices(const BitLadder& ladder) {
  auto choices = useful_choices(ladder, true);
  std::size_t largest = choices.back();
  for (std::size_t c = 0; c < ladder.choices.size(); ++c) {
    if (ladder.choices[c].bytes > ladder.choices[largest].bytes) largest = c;
  }
  if (largest != choices.back()) choices.push_back(largest);
  return choices;
}

/// A choice under change, with the bytes of every moment kept up to date.
class Balance {
 public:
  Balance(std::span<const Moment> moments, std::span<const BitLadder> ladders, std::uint64_t budget)
      : moments_(moments), ladders_(ladders), budget_(static_cast<std::int64_t>(budget)), places_(ladders.size()) {
    for (const BitLadder& ladder : ladders) hulls_.push_back(plannable_choices(ladder));
    for (std::uint32_t m = 0; m < moments.size(); ++m) {
      for (const TensorAtMoment& at : moments[m].tensors) places_[at.tensor].push_back({m, &at});
    }
  }

  /// Stands at a choice of the ladders' hulls.
  void start_at(std::span<const std::size_t> choice) {
    position_.clear();
    used_.clear();
    for (std::size_t t = 0; t < hulls_.size(); ++t) {
      const auto found = std::find(hulls_[t].begin(), hulls_[t].end(), choice[t]);
      position_.push_back(static_cast<std::size_t>(found - hulls_[t].begin()));
    }
    for (const Moment& moment : moments_) {
      used_.push_back(static_cast<std::int64_t>(bytes_at(moment, ladders_, choice)));
    }
  }

  /// Down where it costs least for what it frees until all moments fit. @return whether they do
  bool descend() {
    while (over_budget()) {
      std::size_t best = hulls_.size();
      double least = std::numeric_limits<double>::infinity();
      for (std::size_t t = 0; t < hulls_.size(); ++t) {
        if (position_[t] == 0) continue;
        const double freed = relief(t);
        const double lost = at(t, position_[t] - 1).variance - at(t, position_[t]).variance;
        if (freed > 0 && lost / freed < least) {
          least = lost / freed;
          best = t;
        }
      }
      if (best == hulls_.size()) return false;
      move(best, position_[best] - 1);
    }
    return true;
  }

  /// Spends what is left: the step up that gains most for its bytes, as long as one fits.
  void ascend() {
    for (;;) {
      std::size_t best = hulls_.size(), to = 0;
      double most = 0;
      for (std::size_t t = 0; t < hulls_.size(); ++t) {
        for (std::size_t up = position_[t] + 1; up < hulls_[t].size(); ++up) {
          if (!fits(t, up)) continue;
          const auto bytes = at(t, up).bytes - at(t, position_[t]).bytes;
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
  /// A tensor at one of the moments.
  struct Place {
    std::uint32_t moment;
    const TensorAtMoment* at;
  };

  const BitChoice& at(std::size_t t, std::size_t position) const { return ladders_[t].choices[hulls_[t][position]]; }

  /// Bytes that a place takes more at another position of its tensor.
  std::int64_t growth(std::size_t t, const Place& place, std::size_t to) const {
    return bytes_at(*place.at, at(t, to)) - bytes_at(*place.at, at(t, position_[t]));
  }

  bool over_budget() const {
    return std::any_of(used_.begin(), used_.end(), [&](std::int64_t bytes) { return bytes > budget_; });
  }

  bool fits(std::size_t t, std::size_t to) const {
    return std::all_of(places_[t].begin(), places_[t].end(), [&](const Place& place) {
      const auto more = growth(t, place, to);
      return more <= 0 || used_[place.moment] + more <= budget_;
    });
  }

  /// Bytes over the budget that one step down takes away, summed over the moments.
  double relief(std::size_t t) const {
    double sum = 0;
    for (const Place& place : places_[t]) {
      const std::int64_t before = used_[place.moment], after = before + growth(t, place, position_[t] - 1);
      sum += static_cast<double>(std::max(before, budget_) - std::max(after, budget_));
    }
    return sum;
  }

  void move(std::size_t t, std::size_t to) {
    for (const Place& place : places_[t]) used_[place.moment] += growth(t, place, to);
    position_[t] = to;
  }

  std::span<const Moment> moments_;
  std::span<const BitLadder> ladders_;
  std::int64_t budget_;
  std::vector<std::vector<Place>> places_;  // [tensors]
  std::vector<std::vector<std::size_t>> hulls_;
  std::vector<std::size_t> position_;  // [tensors] in the hull
  std::vector<std::int64_t> used_;     // [moments]
};

std::vector<std::size_t> ends_of_ladders(std::span<const BitLadder> ladders, bool top) {
  std::vector<std::size_t> choice;
  for (const BitLadder& ladder : ladders) {
    const auto hull = plannable_choices(ladder);
    choice.push_back(top ? hull.back() : hull.front());
  }
  return choice;
}

/// The optimum if `moment` were the only one: a bound for all. Tensors that take nothing at it stand at the top.
/// nullopt where a choice for it alone cannot be made.
std::optional<BitAllocation> for_one_moment(const Moment& moment, std::span<const BitLadder> ladders,
                                            std::uint64_t budget) {
  // What keeping a tensor spares at this moment becomes part of the budget.
  auto left = static_cast<std::int64_t>(budget) - static_cast<std::int64_t>(moment.base);
  std::vector<BitLadder> part;
  std::int64_t least = 0;
  for (const TensorAtMoment& at : moment.tensors) {
    BitLadder ladder = ladders[at.tensor];
    std::int64_t lowest = std::numeric_limits<std::int64_t>::max();
    for (const BitChoice& choice : ladder.choices) lowest = std::min(lowest, bytes_at(at, choice));
    const std::int64_t spared = std::min<std::int64_t>(lowest, 0);
    for (BitChoice& choice : ladder.choices) choice.bytes = static_cast<std::uint64_t>(bytes_at(at, choice) - spared);
    left -= spared;
    least += lowest - spared;
    part.push_back(std::move(ladder));
  }
  if (left < least) return std::nullopt;
  const BitAllocation allocation = allocate_bits(part, static_cast<std::uint64_t>(left));
  BitAllocation whole{.choice = ends_of_ladders(ladders, true)};
  for (std::size_t i = 0; i < part.size(); ++i) whole.choice[moment.tensors[i].tensor] = allocation.choice[i];
  whole.lower_bound = allocation.lower_bound;
  whole.optimal = allocation.optimal;
  return whole;
}

BitAllocation summed_up(std::span<const BitLadder> ladders, BitAllocation allocation) {
  allocation.bytes = 0;
  allocation.variance = 0;
  for (std::size_t t = 0; t < ladders.size(); ++t) {
    allocation.bytes += ladders[t].choices[allocation.choice[t]].bytes;
    allocation.variance += ladders[t].choices[allocation.choice[t]].variance;
  }
  return allocation;
}

/// The moments that are fullest under a choice, the fullest first: they decide; others would only take time.
std::vector<std::size_t> fullest(std::span<const Moment> moments, std::span<const BitLadder> ladders,
                                 std::span<const std::size_t> choice) {
  std::vector<std::uint64_t> bytes;
  for (const Moment& moment : moments) bytes.push_back(bytes_at(moment, ladders, choice));
  std::vector<std::size_t> order(moments.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return bytes[a] > bytes[b]; });
  order.resize(std::min(kMomentsTried, order.size()));
  return order;
}

}  // namespace

std::uint64_t planned_peak(std::span<const Moment> moments, std::span<const BitLadder> ladders,
                           std::span<const std::size_t> choice) {
  std::uint64_t peak = 0;
  for (const Moment& moment : moments) peak = std::max(peak, bytes_at(moment, ladders, choice));
  return peak;
}

std::vector<std::size_t> smallest_choice(std::span<const Moment> moments, std::span<const BitLadder> ladders) {
  auto choice = ends_of_ladders(ladders, false), best = choice;
  auto least = planned_peak(moments, ladders, best);
  for (bool changed = !moments.empty(); changed;) {
    changed = false;
    const Moment& highest = moments[fullest(moments, ladders, choice).front()];
    for (const TensorAtMoment& at : highest.tensors) {
      const auto top = plannable_choices(ladders[at.tensor]).back();
      const auto& choices = ladders[at.tensor].choices;
      if (bytes_at(at, choices[top]) >= bytes_at(at, choices[choice[at.tensor]])) continue;
      choice[at.tensor] = top;
      changed = true;
    }
    if (const auto peak = planned_peak(moments, ladders, choice); peak < least) {
      least = peak;
      best = choice;
    }
  }
  return best;
}

BitAllocation plan_memory(std::span<const Moment> moments, std::span<const BitLadder> ladders, std::uint64_t budget) {
  const auto exact = ends_of_ladders(ladders, true);
  if (planned_peak(moments, ladders, exact) <= budget) return summed_up(ladders, {.choice = exact, .optimal = true});
  const auto smallest = smallest_choice(moments, ladders);
  if (const auto least = planned_peak(moments, ladders, smallest); least > budget) {
    throw Error(Error::OutOfMemory,
                "the step needs at least " + core::format_size(least) + ", the budget is " + core::format_size(budget));
  }
  double bound = 0;
  for (const std::size_t m : fullest(moments, ladders, smallest)) {
    const auto one = for_one_moment(moments[m], ladders, budget);
    if (!one) continue;
    bound = std::max(bound, one->lower_bound);
    // Feasible for all and optimal for one: optimal.
    if (planned_peak(moments, ladders, one->choice) <= budget) return summed_up(ladders, *one);
  }
  Balance balance(moments, ladders, budget);
  balance.start_at(exact);
  if (!balance.descend()) balance.start_at(smallest);
  balance.ascend();
  auto best = summed_up(ladders, {.choice = balance.choice()});
  best.lower_bound = std::min(bound, best.variance);
  best.optimal = best.variance <= bound;
  return best;
}

}  // namespace terse::act
