#include "terse/act/bits/sensitivity.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace terse::act {

GradientStrength& GradientStrength::operator+=(const GradientStrength& other) {
  arriving += other.arriving;
  passing += other.passing;
  return *this;
}

void Sensitivity::add(double value, double passed_on) {
  ++draws;
  const double weight = 1.0 / static_cast<double>(std::min(draws, kMemory));
  const double difference = value - mean;
  mean += weight * difference;
  passed += weight * (passed_on - passed);
  variance = (1 - weight) * (variance + weight * difference * difference);
}

void Sensitivity::rescale(const GradientStrength& from, const GradientStrength& to) {
  if (from.arriving <= 0 || to.arriving <= 0) return;
  const double direct = to.arriving / from.arriving;
  const double onward = from.passing > 0 && to.passing > 0 ? to.passing / from.passing : direct;
  const double before = mean;
  mean = (mean - passed) * direct + passed * onward;
  passed *= onward;
  if (before > 0) variance *= (mean / before) * (mean / before);
}

double Sensitivity::error() const {
  if (draws < 2) return std::numeric_limits<double>::infinity();
  return std::sqrt(variance / static_cast<double>(std::min(draws, kMemory) - 1));
}

double rounding_variance(int levels) {
  const double steps = static_cast<double>(levels) - 1;
  return 1.0 / (steps * steps);
}

double rounding_variance(const quant::Layout& layout) {
  return layout.steps > 0 ? 1 / std::pow(static_cast<double>(layout.steps), 2) : rounding_variance(layout.levels);
}

double rounding_variance_of_bits(int bits) { return bits >= 32 ? 0.0 : rounding_variance(1 << bits); }

double finer_rounding_variance(int bits) {
  const double gain = bits >= 8 ? 1 : 0.5;  // 8 bits have no finer grid
  return gain * rounding_variance_of_bits(bits);
}

}  // namespace terse::act
