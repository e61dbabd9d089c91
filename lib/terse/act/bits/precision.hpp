#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "terse/act/bits/bit_allocation.hpp"
#include "terse/act/bits/sensitivity.hpp"
#include "terse/act/tensor/saved_tensor.hpp"
#include "terse/formats/kinds/policy.hpp"

namespace terse::act {

/// Bits that the adaptive levels choose among: all that the affine codec has but 7, and 32 for a tensor kept as it is.
inline constexpr int kRungs[] = {1, 2, 3, 4, 5, 6, 8, 32};

/// What a saved tensor of this layout takes at each of kRungs; empty where its bits are no choice (lossless, kept).
std::vector<formats::Rung> rungs_of(const SavedTensor& tensor);

/// What is known of a tensor's sensitivity.
Sensitivity sensitivity_of(const formats::PolicyTensor& tensor);

/// What the first of a tensor's rungs takes that has `bits` or more; the last where none has.
std::uint64_t bytes_at(const formats::PolicyTensor& tensor, int bits);

/// What a probe says of a tensor.
struct SensitivityDraw {
  double sensitivity = 0;
  double passed = 0;  ///< the part that Sensitivity::passed is the mean of
  double cost = 0;    ///< of the probe, in training steps
  GradientStrength gradient = {};
};

/// The saved tensors whose bits can be chosen, with what is known of them: grows by observation, and travels as a
/// policy. In order of saving.
class PrecisionTable {
 public:
  PrecisionTable() = default;
  explicit PrecisionTable(std::vector<formats::PolicyTensor> tensors);

  /// Adds tensors of a step that are rounded, brings the rungs of known ones up to date, and remembers how the step
  /// rounded each.
  void note(std::span<const SavedTensor> saved);
  /// One more draw of a tensor's sensitivity.
  /// @param draw  with the gradient that it was made with, where the tensor is used
  void add_draw(const std::string& id, const SensitivityDraw& draw);
  /// What the gradient is now where tensors are used (NodeGradients): sensitivities go with it.
  void note_gradients(const std::map<std::string, GradientStrength>& strengths);

  const std::vector<formats::PolicyTensor>& tensors() const { return tensors_; }
  std::vector<formats::PolicyTensor>& tensors() { return tensors_; }
  bool empty() const { return tensors_.empty(); }
  /// Whether every tensor has been probed, with or without a result (PolicyTensor::probed).
  bool complete() const;

  /// Each tensor's rungs with the variance they add; a tensor of unknown sensitivity has `default_bits` alone.
  /// @param entropy  as CompressionOptions::entropy: the variance is that of the finer grids
  std::vector<BitLadder> ladders(int default_bits, bool entropy = false) const;
  /// Takes over the bits of an allocation over ladders().
  void choose(std::span<const BitLadder> ladders, const BitAllocation& allocation);
  /// Least variance in the bytes that the average allows: of every element that would have to be rounded. Those that
  /// are derived take none, and leave theirs to the others.
  /// Source: GACT (ICML 2022) section 4.2, where the sum of all elements' bits is bounded.
  BitAllocation allocate(int average_bits, bool entropy = false);

  /// Bits by id, for Compression::set_bits; tensors without a choice are left out.
  std::map<std::string, int> bits() const;
  /// Variance that rounding is predicted to have added to the gradient of the step noted last: by the levels that its
  /// tensors were really stored in, which a rule may have raised above those that were asked for.
  double predicted_variance() const;

 private:
  std::vector<formats::PolicyTensor> tensors_;
  std::vector<double> rounding_;  // [tensors_] S of the levels in the step noted last; 0 where not rounded
  std::map<std::string, std::size_t> index_;
};

}  // namespace terse::act
