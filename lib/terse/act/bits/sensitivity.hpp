#pragma once

#include <cstdint>

#include "terse/quant/codec.hpp"

namespace terse::act {

/// How strong the gradient is where a saved tensor is used, as squared norms: sensitivities are proportional to it.
struct GradientStrength {
  double arriving = 0;  ///< at the nodes that hold the tensor; 0: unknown
  double passing =
      0;  ///< what they send to inputs that are no parameters, if rounding goes on there; 0: unknown or none

  GradientStrength& operator+=(const GradientStrength& other);
  bool operator==(const GradientStrength&) const = default;
};

/// Sensitivity c of a saved tensor, as a running mean over probes: rounding the tensor to b bits adds about c S(b) to
/// the expected squared error of the gradient, S(b) = (2^b - 1)^-2. It drifts while the network learns, so old draws
/// fade.
/// Source: GACT (ICML 2022) section 4.2.
struct Sensitivity {
  double mean = 0;
  double passed = 0;    ///< the part of the mean that reaches parameters through the nodes' inputs, not directly
  double variance = 0;  ///< of one draw
  std::uint64_t draws = 0;

  static constexpr std::uint64_t kMemory = 8;  ///< draws, from which on the mean forgets

  /// One more draw: the squared distance of two gradients that differ in this tensor's rounding alone, divided by the
  /// sum of both roundings' S; and the part of it that does not reach parameters directly.
  void add(double value, double passed_on);
  /// What is known of a gradient of strength `from` holds for `to` from now on. Nothing changes where either is
  /// unknown.
  void rescale(const GradientStrength& from, const GradientStrength& to);
  /// Standard error of the mean; infinite below two draws.
  double error() const;

  bool operator==(const Sensitivity&) const = default;
};

/// S of a grid of `levels` points: (levels - 1)^-2; and of what a layout divides a range into.
double rounding_variance(int levels);
double rounding_variance(const quant::Layout& layout);
/// S of `bits`; 0 where they are 32: kept as it is.
double rounding_variance_of_bits(int bits);
/// The same of the finer grid that entropy coding has room for where a group's elements are normal (quant/entropy.hpp).
double finer_rounding_variance(int bits);

}  // namespace terse::act
