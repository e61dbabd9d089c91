#include "terse/relsim/statistics/student_t.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>

namespace terse::relsim {
namespace {

/// Regularised incomplete beta function I_x(a, b) by its continued fraction (Lentz's method), for x < (a+1)/(a+b+2).
double beta_fraction(double a, double b, double x) {
  constexpr double kTiny = 1e-300, kEnough = 1e-15;
  double c = 1, d = 1 / std::max(std::abs(1 - (a + b) * x / (a + 1)), kTiny), result = d;
  for (int m = 1; m < 1000; ++m) {
    for (const double term : {m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
                              -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))}) {
      d = 1 + term * d;
      c = 1 + term / c;
      if (std::abs(d) < kTiny) d = kTiny;
      if (std::abs(c) < kTiny) c = kTiny;
      d = 1 / d;
      result *= c * d;
    }
    if (std::abs(c * d - 1) < kEnough) break;
  }
  const double log_front = std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x);
  return std::exp(log_front) * result / a;
}

double incomplete_beta(double a, double b, double x) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  return x < (a + 1) / (a + b + 2) ? beta_fraction(a, b, x) : 1 - beta_fraction(b, a, 1 - x);
}

}  // namespace

double student_t_quantile(double probability, double degrees) {
  if (probability == 0.5) return 0;
  if (probability < 0.5) return -student_t_quantile(1 - probability, degrees);
  // P(T > x) = I_{ν/(ν+x²)}(ν/2, 1/2) / 2 falls with x: bisection on log x.
  const double upper = 1 - probability;
  double low = -20, high = 50;
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2, x = std::exp(middle);
    (incomplete_beta(degrees / 2, 0.5, degrees / (degrees + x * x)) / 2 > upper ? low : high) = middle;
  }
  return std::exp((low + high) / 2);
}

double student_t_95(double degrees) {
  // Smooth in 1/ν, from 0 (the normal distribution's) to 1.
  constexpr std::size_t kSteps = 128;
  static const auto logs = [] {
    std::array<double, kSteps + 1> values{};
    for (std::size_t i = 0; i <= kSteps; ++i) {
      values[i] = std::log(student_t_quantile(0.975, kSteps / std::max(static_cast<double>(i), 1e-6)));
    }
    return values;
  }();
  const double place = kSteps / std::max(degrees, 1.0);
  const auto i = std::min(static_cast<std::size_t>(place), kSteps - 1);
  const double part = place - static_cast<double>(i);
  return std::exp((1 - part) * logs[i] + part * logs[i + 1]);
}

}  // namespace terse::relsim
