#include "terse/act/bits/bit_allocation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "terse/core/checked.hpp"
#include "terse/core/error.hpp"
#include "terse/core/size.hpp"

namespace terse::act {

namespace {

constexpr std::size_t kMostStates = 1u << 14;

/// A step up a ladder's hull: `variance` falls by spending `bytes` more.
struct Increment {
  std::size_t ladder = 0;
  std::size_t to = 0;  // position in the hull
  std::uint64_t bytes = 0;
  double gain = 0;

  double efficiency() const { return gain / static_cast<double>(bytes); }
};

double variance_of(const BitLadder& ladder, std::size_t choice) { return ladder.choices[choice].variance; }
std::uint64_t bytes_of(const BitLadder& ladder, std::size_t choice) { return ladder.choices[choice].bytes; }

/// All hull steps, most efficient first. Along one ladder the efficiency falls, so their order is kept.
std::vector<Increment> increments_of(std::span<const BitLadder> ladders,
                                     const std::vector<std::vector<std::size_t>>& hulls) {
  std::vector<Increment> increments;
  for (std::size_t l = 0; l < ladders.size(); ++l) {
    for (std::size_t i = 1; i < hulls[l].size(); ++i) {
      increments.push_back({l, i, bytes_of(ladders[l], hulls[l][i]) - bytes_of(ladders[l], hulls[l][i - 1]),
                            variance_of(ladders[l], hulls[l][i - 1]) - variance_of(ladders[l], hulls[l][i])});
    }
  }
  std::stable_sort(increments.begin(), increments.end(),
                   [](const Increment& a, const Increment& b) { return a.efficiency() > b.efficiency(); });
  return increments;
}

/// A partial choice over the ladders searched so far; the others stand where the greedy solution left them.
struct State {
  std::uint64_t bytes = 0;
  double variance = 0;
  std::uint32_t parent = 0;  // in the previous generation
  std::uint32_t choice = 0;
};

/// What remains of a state once its children are made: the way to it. Hundreds of generations are held, and a budget's
/// plan must not take more memory than the step that it plans.
struct Trace {
  std::uint32_t parent, choice;
};

/// Exact search over ladders in the order of their distance from the break efficiency.
class Search {
 public:
  Search(std::span<const BitLadder> ladders, std::uint64_t budget, BitAllocation& best, double break_efficiency)
      : ladders_(ladders), budget_(budget), best_(best), start_(best.choice), break_(break_efficiency) {}

  void run() {
    order();
    states_ = {State{best_.bytes, best_.variance, 0, 0}};
    traces_.push_back({Trace{0, 0}});
    for (std::size_t depth = 0; depth < order_.size() && !states_.empty(); ++depth) {
      states_ = expand(depth);
      auto& traces = traces_.emplace_back();
      traces.reserve(states_.size());
      for (const State& state : states_) traces.push_back({state.parent, state.choice});
    }
  }

 private:
  /// Ladders whose choices lie nearest to the line of the break efficiency first: only they can improve.
  void order() {
    const std::size_t count = ladders_.size();
    order_.resize(count);
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    std::vector<double> distance(count, std::numeric_limits<double>::infinity());
    for (std::size_t l = 0; l < count; ++l) {
      for (std::size_t c = 0; c < ladders_[l].choices.size(); ++c) {
        if (c != start_[l]) distance[l] = std::min(distance[l], loss(l, c));
      }
    }
    std::stable_sort(order_.begin(), order_.end(), [&](auto a, auto b) { return distance[a] < distance[b]; });
    while (!order_.empty() && std::isinf(distance[order_.back()])) order_.pop_back();
    smallest_loss_.assign(order_.size() + 1, std::numeric_limits<double>::infinity());
    for (std::size_t i = order_.size(); i-- > 0;) {
      smallest_loss_[i] = std::min(distance[order_[i]], smallest_loss_[i + 1]);
    }
  }

  /// What moving ladder `l` from its start to `c` loses against the line of the break efficiency; ≥ 0 but for
  /// rounding, because the start lies on the hull at the break.
  double loss(std::size_t l, std::size_t c) const {
    const double bytes =
        static_cast<double>(bytes_of(ladders_[l], c)) - static_cast<double>(bytes_of(ladders_[l], start_[l]));
    return std::max(0.0, variance_of(ladders_[l], c) - variance_of(ladders_[l], start_[l]) + break_ * bytes);
  }

  /// No completion of the state has less variance: the line through it, spent to the last byte.
  double bound(const State& state) const {
    return state.variance - break_ * (static_cast<double>(budget_) - static_cast<double>(state.bytes));
  }

  std::vector<State> expand(std::size_t depth) {
    const std::size_t l = order_[depth];
    std::vector<State> children;
    const auto useful = useful_choices(ladders_[l], false);
    for (std::size_t p = 0; p < states_.size(); ++p) {
      for (std::size_t c : useful) children.push_back(child(states_[p], p, l, c));
      if (std::find(useful.begin(), useful.end(), start_[l]) == useful.end()) {
        children.push_back(child(states_[p], p, l, start_[l]));
      }
    }
    std::stable_sort(children.begin(), children.end(), [](const State& a, const State& b) {
      return a.bytes != b.bytes ? a.bytes < b.bytes : a.variance < b.variance;
    });
    std::vector<State> kept;
    for (const State& state : children) {
      if (!kept.empty() && state.variance >= kept.back().variance) continue;  // dominated
      if (state.bytes <= budget_ && state.variance < best_.variance) take(state, depth);
      kept.push_back(state);
    }
    // A state that must still change a ladder loses at least the smallest loss left.
    const double left = std::isinf(smallest_loss_[depth + 1]) ? 0.0 : smallest_loss_[depth + 1];
    std::erase_if(kept, [&](const State& s) { return bound(s) + left >= best_.variance; });
    if (kept.size() > kMostStates) {
      best_.optimal = false;
      std::nth_element(kept.begin(), kept.begin() + kMostStates, kept.end(),
                       [&](const State& a, const State& b) { return bound(a) < bound(b); });
      kept.resize(kMostStates);
      std::stable_sort(kept.begin(), kept.end(), [](const State& a, const State& b) { return a.bytes < b.bytes; });
    }
    return kept;
  }

  State child(const State& parent, std::size_t index, std::size_t l, std::size_t c) const {
    return {parent.bytes - bytes_of(ladders_[l], start_[l]) + bytes_of(ladders_[l], c),
            parent.variance - variance_of(ladders_[l], start_[l]) + variance_of(ladders_[l], c),
            static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(c)};
  }

  void take(const State& state, std::size_t depth) {
    std::vector<std::size_t> choice = start_;
    Trace at{state.parent, state.choice};
    for (std::size_t d = depth + 1; d-- > 0;) {
      choice[order_[d]] = at.choice;
      at = traces_[d][at.parent];
    }
    best_.choice = std::move(choice);
    best_.bytes = state.bytes;
    best_.variance = state.variance;
  }

  std::span<const BitLadder> ladders_;
  std::uint64_t budget_;
  BitAllocation& best_;
  std::vector<std::size_t> start_;
  double break_;
  std::vector<std::size_t> order_;
  std::vector<double> smallest_loss_;
  std::vector<State> states_;               // of the last generation
  std::vector<std::vector<Trace>> traces_;  // of every one
};

void sum_up(std::span<const BitLadder> ladders, BitAllocation& allocation) {
  allocation.bytes = 0;
  allocation.variance = 0;
  for (std::size_t l = 0; l < ladders.size(); ++l) {
    allocation.bytes += bytes_of(ladders[l], allocation.choice[l]);
    allocation.variance += variance_of(ladders[l], allocation.choice[l]);
  }
}

}  // namespace

std::vector<std::size_t> useful_choices(const BitLadder& ladder, bool convex) {
  std::vector<std::size_t> order(ladder.choices.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) {
    return bytes_of(ladder, a) != bytes_of(ladder, b) ? bytes_of(ladder, a) < bytes_of(ladder, b)
                                                      : variance_of(ladder, a) < variance_of(ladder, b);
  });
  std::vector<std::size_t> kept;
  for (std::size_t c : order) {
    if (!kept.empty() && variance_of(ladder, c) >= variance_of(ladder, kept.back())) continue;
    const auto slope = [&](std::size_t from, std::size_t to) {
      return (variance_of(ladder, from) - variance_of(ladder, to)) /
             static_cast<double>(bytes_of(ladder, to) - bytes_of(ladder, from));
    };
    while (convex && kept.size() >= 2 && slope(kept[kept.size() - 2], kept.back()) <= slope(kept.back(), c)) {
      kept.pop_back();
    }
    kept.push_back(c);
  }
  return kept;
}

BitAllocation allocate_bits(std::span<const BitLadder> ladders, std::uint64_t budget) {
  BitAllocation best;
  std::vector<std::vector<std::size_t>> hulls;
  std::uint64_t smallest = 0;
  for (const BitLadder& ladder : ladders) {
    if (ladder.choices.empty())
      throw Error(Error::Internal, "saved tensor '" + ladder.id + "' has no way to be stored");
    hulls.push_back(useful_choices(ladder, true));
    best.choice.push_back(hulls.back().front());
    smallest = core::checked_add(smallest, bytes_of(ladder, best.choice.back()), "bytes of the saved tensors");
  }
  if (smallest > budget) {
    throw Error(Error::OutOfMemory, "saved tensors need at least " + core::format_size(smallest) +
                                        ", the budget leaves " + core::format_size(budget));
  }
  sum_up(ladders, best);

  // Greedy along the hulls until the first step that does not fit: the relaxation takes a part of it.
  std::uint64_t left = budget - smallest;
  double break_efficiency = 0;
  for (const Increment& step : increments_of(ladders, hulls)) {
    if (step.bytes > left) {
      break_efficiency = step.efficiency();
      break;
    }
    best.choice[step.ladder] = hulls[step.ladder][step.to];
    left -= step.bytes;
  }
  sum_up(ladders, best);
  best.lower_bound = best.variance - break_efficiency * static_cast<double>(left);
  best.optimal = true;
  if (break_efficiency > 0) Search(ladders, budget, best, break_efficiency).run();
  sum_up(ladders, best);
  best.lower_bound = std::min(best.lower_bound, best.variance);
  return best;
}

}  // namespace terse::act
