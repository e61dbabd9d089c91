#include "terse/act/budget/budget.hpp"

#include <algorithm>
#include <map>

#include "terse/act/memory/allocator.hpp"
#include "terse/core/error.hpp"
#include "terse/core/size.hpp"

namespace terse::act {

namespace {

constexpr std::uint64_t kMiB = 1u << 20;
constexpr std::uint64_t kUnit = 2 * kMiB;  // of overheads; with 1, a budget of 257 MiB was exceeded by 0.8
constexpr double kChange = 1.0 / 32;       // of the bytes of zeros apart, for which there is room at first

/// Index of each ladder's choice of these bits; 0 where it has none.
template <class BitsOf>
std::vector<std::size_t> choice_of(const std::vector<BitLadder>& ladders, const BitsOf& bits_of) {
  std::vector<std::size_t> chosen;
  for (const auto& ladder : ladders) {
    const int wanted = bits_of(ladder.id);
    std::size_t at = 0;
    for (std::size_t c = 0; c < ladder.choices.size(); ++c) {
      if (ladder.choices[c].bits == wanted) at = c;
    }
    chosen.push_back(at);
  }
  return chosen;
}

std::vector<std::size_t> choice_of(const std::vector<BitLadder>& ladders, const PrecisionTable& table) {
  return choice_of(ladders, [bits = table.bits()](const std::string& id) {
    const auto found = bits.find(id);
    return found == bits.end() ? 0 : found->second;
  });
}

double variance_of(const std::vector<BitLadder>& ladders, const std::vector<std::size_t>& choice) {
  double variance = 0;
  for (std::size_t i = 0; i < ladders.size(); ++i) variance += ladders[i].choices[choice[i]].variance;
  return variance;
}

/// Bytes on a ladder's rung of so many bits, or 0.
std::uint64_t rung_bytes(const std::vector<formats::Rung>& rungs, int bits) {
  for (const auto& rung : rungs) {
    if (rung.bits == bits) return rung.bytes;
  }
  return 0;
}

bool changes(const SavedTensor& tensor) { return tensor.layout.codec == quant::Codec::Sparse; }

std::uint64_t to_multiple(std::uint64_t bytes, std::uint64_t unit) { return (bytes + unit - 1) / unit * unit; }

/// What the rounding of a byte does, as far as it is known: the median over the tensors; 1 where none is known.
double sensitivity_of_a_byte(const PrecisionTable& table) {
  std::vector<double> known;
  for (const auto& tensor : table.tensors()) {
    if (tensor.draws > 0) known.push_back(tensor.sensitivity / static_cast<double>(tensor.rungs.back().bytes));
  }
  if (known.empty()) return 1;
  const auto middle = known.begin() + static_cast<std::ptrdiff_t>(known.size() / 2);
  std::nth_element(known.begin(), middle, known.end());
  return *middle;
}

/// What a probe holds beside the workspace of the pass that it runs: a second form and the difference of what a node
/// sends on.
std::uint64_t probe_bytes(const std::vector<SavedTensor>& saved) {
  std::uint64_t largest = 0;
  for (const auto& tensor : saved) {
    if (const auto rungs = rungs_of(tensor); !rungs.empty()) largest = std::max(largest, rungs.back().bytes);
  }
  return 2 * largest;
}

}  // namespace

BudgetPlan::BudgetPlan(const Rehearsal& rehearsal, Budget budget)
    : saved_(rehearsal.saved),
      stored_(rehearsal.stored),
      kept_(rehearsal.kept),
      moments_(peak_moments(rehearsal.timeline, budget.probing ? probe_bytes(rehearsal.saved) : 0)),
      budget_(budget),
      second_tier_(rehearsal.second_tier_bytes),
      growth_(rehearsal.saved.size(), 1) {
  for (std::size_t i = 0; i < saved_.size(); ++i) index_.emplace(saved_[i].id, i);
  const auto all = ladders({}, kChange);
  smallest_ = std::max(simulated(all, smallest_choice(moments_, all)), budget_.floor);
}

void BudgetPlan::raise_floor(std::uint64_t resident) {
  budget_.floor = std::max(budget_.floor, resident);
  smallest_ = std::max(smallest_, resident);
}

std::uint64_t BudgetPlan::for_tensors() const {
  const std::uint64_t others = budget_.overhead + second_tier_;
  return budget_.bytes > others ? budget_.bytes - others : 0;
}

std::vector<BitLadder> BudgetPlan::ladders(const PrecisionTable& table, double change) const {
  std::map<std::string, const formats::PolicyTensor*> known;
  for (const auto& tensor : table.tensors()) known[tensor.id] = &tensor;
  const double prior = sensitivity_of_a_byte(table);
  std::vector<BitLadder> ladders;
  for (std::size_t i = 0; i < saved_.size(); ++i) {
    BitLadder ladder{saved_[i].id, {}};
    const auto rungs = rungs_of(saved_[i]);
    const auto found = known.find(ladder.id);
    const bool measured = found != known.end() && found->second->draws > 0;
    // Signs that are stored with a tensor take their bytes whatever its bits.
    const auto own = rung_bytes(rungs, saved_[i].layout.bits);
    const std::uint64_t beside = !rungs.empty() && stored_[i] > own ? stored_[i] - own : 0;
    const double growth = changes(saved_[i]) ? growth_[i] * (1 + change) : growth_[i];
    for (const auto& rung : rungs) {
      const bool swapped = budget_.tier == BudgetTier::Swap;
      if (swapped && rung.bits != kSwappedBits) continue;
      const auto bytes = rung.bits == kKeptBits ? std::max(rung.bytes, kept_[i])
                                                : static_cast<std::uint64_t>(growth * static_cast<double>(rung.bytes));
      const double sensitivity =
          measured ? found->second->sensitivity : prior * static_cast<double>(rungs.back().bytes);
      ladder.choices.push_back({rung.bits, swapped ? 0 : held_bytes(bytes + beside),
                                rung.bits == kKeptBits ? 0 : sensitivity * rounding_variance_of_bits(rung.bits)});
    }
    if (ladder.choices.empty()) ladder.choices.push_back({});
    ladders.push_back(std::move(ladder));
  }
  return ladders;
}

void BudgetPlan::choose(PrecisionTable& table) const {
  if (smallest_ > budget_.bytes) {
    // Two units more: processes alike differ by up to 2.4 MiB, by how much of the libraries the kernel maps at a fault,
    // which may be two steps of the rounded overhead.
    throw Error(Error::OutOfMemory, "a budget of " + core::format_size(budget_.bytes) +
                                        " cannot be met: this run takes at least " +
                                        std::to_string(to_multiple(smallest_ + 2 * kUnit, kMiB) / kMiB) + "MiB");
  }
  const auto choices = ladders(table, kChange);
  const auto allocation = plan_memory(moments_, choices, for_tensors());
  std::map<std::string, int> bits;
  for (std::size_t i = 0; i < choices.size(); ++i) bits[choices[i].id] = choices[i].choices[allocation.choice[i]].bits;
  for (auto& tensor : table.tensors()) {
    const auto found = bits.find(tensor.id);
    // What the rehearsal did not see must not take more than it has to.
    tensor.bits = found != bits.end() && found->second > 0 ? found->second : tensor.rungs.front().bits;
  }
}

std::uint64_t BudgetPlan::planned_peak(const PrecisionTable& table) const { return peak(table, 0); }

bool BudgetPlan::see(std::span<const SavedTensor> saved, const PrecisionTable& table) {
  if (budget_.tier == BudgetTier::Swap) return false;  // what the second tier holds has a bound
  bool grown = false;
  for (const auto& tensor : saved) {
    const auto found = index_.find(tensor.id);
    if (found == index_.end() || tensor.reason != Reason::Quantized || tensor.layout.count == 0) continue;
    const auto& rehearsed = saved_[found->second];
    const auto expected = rung_bytes(rungs_of(rehearsed), tensor.layout.bits);
    if (expected == 0 || (!changes(rehearsed) && !changes(tensor))) continue;
    const double scale = static_cast<double>(rehearsed.layout.count) / static_cast<double>(tensor.layout.count);
    const double growth = static_cast<double>(tensor.stored_bytes) * scale / static_cast<double>(expected);
    grown |= growth > growth_[found->second];
    growth_[found->second] = std::max(growth_[found->second], growth);
  }
  return grown && peak(table, kChange / 2) > budget_.bytes;
}

formats::Value BudgetPlan::state() const {
  formats::Value growth = formats::Value::Array{};
  for (const double one : growth_) growth.as_array().emplace_back(one);
  return formats::Value::Map{
      {"overhead", budget_.overhead}, {"tier", std::string(to_string(budget_.tier))}, {"growth", std::move(growth)}};
}

void BudgetPlan::restore(const formats::Value& state) {
  const auto& growth = state.at("growth").as_array();
  if (growth.size() != growth_.size()) {
    throw Error(Error::BadInput, "a budget for " + std::to_string(growth.size()) + " saved tensors, not " +
                                     std::to_string(growth_.size()));
  }
  for (std::size_t i = 0; i < growth.size(); ++i) growth_[i] = growth[i].as_double();
}

std::uint64_t BudgetPlan::peak(const PrecisionTable& table, double change) const {
  const auto choices = ladders(table, change);
  return std::max(simulated(choices, choice_of(choices, table)), budget_.floor);
}

std::uint64_t BudgetPlan::simulated(std::span<const BitLadder> ladders, std::span<const std::size_t> choice) const {
  return act::planned_peak(moments_, ladders, choice) + second_tier_ + budget_.overhead;
}

double BudgetPlan::variance(const PrecisionTable& table) const {
  const auto choices = ladders(table, 0);
  return variance_of(choices, choice_of(choices, table));
}

double BudgetPlan::variance_at(const PrecisionTable& table, int bits) const {
  const auto choices = ladders(table, 0);
  return variance_of(choices, choice_of(choices, [bits](const std::string&) { return bits; }));
}

std::string_view to_string(BudgetTier tier) {
  switch (tier) {
    case BudgetTier::Bits:
      return "bits";
    case BudgetTier::Recompute:
      return "recompute";
    case BudgetTier::Swap:
      return "swap";
  }
  throw Error(Error::Internal, "a budget's tier without a name");
}

std::uint64_t resident_overhead(const Rehearsal& rehearsal) {
  return to_multiple(rehearsal.unmanaged_bytes, kUnit) + kUnit;
}

}  // namespace terse::act
