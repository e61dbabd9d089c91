#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "terse/act/probing/gradient_sketch.hpp"
#include "terse/formats/artifact/value.hpp"

namespace terse::act {

/// What quantization adds to the gradient's variance, beside what the choice of the batch does. Squared norms.
struct VarianceFigures {
  double predicted = 0;  ///< sum of sensitivity * S(bits)
  double measured = 0;   ///< half the squared distance of two gradients that differ in the rounding alone
  double gradient = 0;   ///< of the mini-batch gradient, from two steps in a row, without the rounding's part

  /// GACT's rule: rounding must stay well below the noise that training lives with anyway.
  bool is_too_much() const { return predicted > gradient / 10 || measured > gradient / 10; }
};

/// A forward and backward pass like that of a training step, on the same batch with the same dropout, under
/// Compression::step(step); leaves nothing but the parameters' gradients.
using GradientPass = std::function<void(std::uint32_t step)>;

/// Measures the variances in two steps: in the first, the batch's gradient is computed once more beforehand with other
/// rounding; the gradient of the second is another batch's. Costs one training step; gradients are remembered as
/// sketches.
/// Source: GACT (ICML 2022) section 4.3 asks for the comparison.
class VarianceCheck {
 public:
  explicit VarianceCheck(std::uint64_t seed) : seed_(seed) {}

  /// Begins a check before training step `step`: one pass with other rounding than it will have.
  void draw(const NamedTensors& parameters, const GradientPass& pass, std::uint32_t step);
  /// To be called in each step while its gradient is there. @param predicted  see VarianceFigures
  /// @return  the figures, at the end of the check's second step
  std::optional<VarianceFigures> see_gradient(const NamedTensors& parameters, double predicted);
  bool under_way() const { return !other_.empty() || !first_.empty(); }

  /// State between two steps, for a checkpoint; and back. @throws Error::BadInput
  formats::Value state() const;
  void restore(const formats::Value& state);

 private:
  std::uint64_t seed_;
  GradientSketch other_, first_;  // of the second rounding; of the first step
  VarianceFigures figures_;
};

}  // namespace terse::act
