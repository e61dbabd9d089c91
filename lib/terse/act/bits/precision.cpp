#include "terse/act/bits/precision.hpp"

#include <algorithm>

#include "terse/act/operators/operator_table.hpp"
#include "terse/core/checked.hpp"
#include "terse/core/error.hpp"

namespace terse::act {

namespace {

/// Elements that are not stored because they follow from another saved tensor; a memory that several see counts once.
std::uint64_t derived_elements(const SavedTensor& tensor) {
  return tensor.reason == Reason::Derived ? tensor.exact_bytes / core::size_of(tensor.dtype) : 0;
}

void set_sensitivity(formats::PolicyTensor& tensor, const Sensitivity& known) {
  tensor.sensitivity = known.mean;
  tensor.passed = known.passed;
  tensor.variance = known.variance;
  tensor.draws = known.draws;
}

GradientStrength strength_of(const formats::PolicyTensor& tensor) { return {tensor.gradient, tensor.passing}; }

void set_strength(formats::PolicyTensor& tensor, const GradientStrength& strength) {
  tensor.gradient = strength.arriving;
  tensor.passing = strength.passing;
}

}  // namespace

Sensitivity sensitivity_of(const formats::PolicyTensor& tensor) {
  return {tensor.sensitivity, std::min(tensor.passed, tensor.sensitivity), tensor.variance, tensor.draws};
}

std::uint64_t bytes_at(const formats::PolicyTensor& tensor, int bits) {
  for (const formats::Rung& rung : tensor.rungs) {
    if (rung.bits >= bits) return rung.bytes;
  }
  return tensor.rungs.back().bytes;
}

std::vector<formats::Rung> rungs_of(const SavedTensor& tensor) {
  std::vector<formats::Rung> rungs;
  if (tensor.reason != Reason::Quantized || tensor.layout.count == 0) return rungs;
  std::uint64_t elements = 1;
  for (const std::int64_t size : tensor.shape) elements *= static_cast<std::uint64_t>(size);
  const std::uint64_t exact = elements * core::size_of(tensor.dtype);
  const int least = std::max(rule_of(tensor.op, tensor.role).least_bits, tensor.least_bits);
  for (const int bits : kRungs) {
    if (bits < least) continue;
    if (bits == kKeptBits) {
      rungs.push_back({bits, exact});
      continue;
    }
    quant::Layout layout = tensor.layout;
    layout.bits = static_cast<std::uint8_t>(bits);
    layout.levels = static_cast<std::uint16_t>(1 << bits);
    layout.fields = false;  // what the bits take at most
    layout.steps = 0;
    layout.centred = false;
    const std::uint64_t bytes = quant::payload_bytes(layout) + quant::metadata_bytes(layout) - tensor.shared_bytes;
    if (bytes < exact) rungs.push_back({bits, bytes});
  }
  return rungs;
}

PrecisionTable::PrecisionTable(std::vector<formats::PolicyTensor> tensors)
    : tensors_(std::move(tensors)), rounding_(tensors_.size()) {
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    if (tensors_[i].rungs.empty()) throw Error(Error::BadInput, "'" + tensors_[i].id + "' has no bits to choose among");
    if (!index_.emplace(tensors_[i].id, i).second) {
      throw Error(Error::BadInput, "'" + tensors_[i].id + "' appears twice among the saved tensors");
    }
  }
}

void PrecisionTable::note(std::span<const SavedTensor> saved) {
  std::fill(rounding_.begin(), rounding_.end(), 0.0);
  for (const SavedTensor& tensor : saved) {
    auto rungs = rungs_of(tensor);
    if (rungs.empty()) continue;
    const auto [entry, is_new] = index_.try_emplace(tensor.id, tensors_.size());
    if (is_new) {
      tensors_.push_back({.id = tensor.id});
      rounding_.push_back(0);
    }
    tensors_[entry->second].rungs = std::move(rungs);
    rounding_[entry->second] = rounding_variance(tensor.layout);
    tensors_[entry->second].derived = 0;
  }
  for (const SavedTensor& tensor : saved) {
    if (const auto source = index_.find(tensor.shared_with); source != index_.end()) {
      tensors_[source->second].derived += derived_elements(tensor);
    }
  }
}

void PrecisionTable::add_draw(const std::string& id, const SensitivityDraw& draw) {
  const auto found = index_.find(id);
  if (found == index_.end()) throw Error(Error::Internal, "a probe of '" + id + "', which is not in the table");
  formats::PolicyTensor& tensor = tensors_[found->second];
  Sensitivity here{draw.sensitivity, draw.passed};
  if (tensor.gradient == 0) set_strength(tensor, draw.gradient);
  here.rescale(draw.gradient, strength_of(tensor));
  Sensitivity known = sensitivity_of(tensor);
  // Of what a file of an older version or a brute-force profile knows, the part that is passed on is not told apart.
  if (known.draws > 0 && known.passed == 0 && here.mean > 0) known.passed = known.mean * here.passed / here.mean;
  known.add(here.mean, here.passed);
  set_sensitivity(tensor, known);
  tensor.cost = draw.cost;
}

void PrecisionTable::note_gradients(const std::map<std::string, GradientStrength>& strengths) {
  for (formats::PolicyTensor& tensor : tensors_) {
    const auto found = strengths.find(tensor.id);
    if (found == strengths.end() || found->second.arriving == 0) continue;
    Sensitivity known = sensitivity_of(tensor);
    known.rescale(strength_of(tensor), found->second);
    set_sensitivity(tensor, known);
    set_strength(tensor, found->second);
  }
}

bool PrecisionTable::complete() const {
  return std::all_of(tensors_.begin(), tensors_.end(), [](const auto& tensor) { return tensor.probed > 0; });
}

std::vector<BitLadder> PrecisionTable::ladders(int default_bits, bool entropy) const {
  std::vector<BitLadder> ladders;
  for (const formats::PolicyTensor& tensor : tensors_) {
    BitLadder ladder{tensor.id, {}};
    if (tensor.draws == 0) {
      ladder.choices.push_back({default_bits, bytes_at(tensor, default_bits), 0});
    } else {
      for (const formats::Rung& rung : tensor.rungs) {
        const double variance = entropy ? finer_rounding_variance(rung.bits) : rounding_variance_of_bits(rung.bits);
        ladder.choices.push_back({rung.bits, rung.bytes, tensor.sensitivity * variance});
      }
    }
    ladders.push_back(std::move(ladder));
  }
  return ladders;
}

void PrecisionTable::choose(std::span<const BitLadder> ladders, const BitAllocation& allocation) {
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    tensors_[i].bits = tensors_[i].draws == 0 ? 0 : ladders[i].choices[allocation.choice[i]].bits;
  }
}

BitAllocation PrecisionTable::allocate(int average_bits, bool entropy) {
  std::uint64_t budget = 0;
  for (const formats::PolicyTensor& tensor : tensors_) {
    budget = core::checked_add(budget, bytes_at(tensor, average_bits), "bytes of the saved tensors");
    const auto bits =
        core::checked_multiply(tensor.derived, static_cast<std::uint64_t>(average_bits), "derived elements");
    budget = core::checked_add(budget, bits / 8, "bytes of the saved tensors");
  }
  const auto choices = ladders(average_bits, entropy);
  BitAllocation allocation = allocate_bits(choices, budget);
  choose(choices, allocation);
  return allocation;
}

std::map<std::string, int> PrecisionTable::bits() const {
  std::map<std::string, int> bits;
  for (const formats::PolicyTensor& tensor : tensors_) {
    if (tensor.bits > 0) bits.emplace(tensor.id, tensor.bits);
  }
  return bits;
}

double PrecisionTable::predicted_variance() const {
  double variance = 0;
  for (std::size_t i = 0; i < tensors_.size(); ++i) variance += tensors_[i].sensitivity * rounding_[i];
  return variance;
}

}  // namespace terse::act
