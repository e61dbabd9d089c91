#include "terse/core/finite.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>

namespace terse::core {

namespace {
constexpr double kUnitsLost = 1 << 24;  // from here on, float32 holds even numbers only
}

bool all_finite(std::span<const float> values) {
  constexpr std::uint32_t kExponent = 0x7f800000;
  std::uint32_t bad = 0;
  for (const float value : values)
    bad |= static_cast<std::uint32_t>((std::bit_cast<std::uint32_t>(value) & kExponent) == kExponent);
  return bad == 0;
}

bool is_usable_loss(double mean) { return std::abs(mean) < kUnitsLost; }

Error training_diverged(const std::string& where, std::string_view what) {
  return Error(Error::Negative, where + ": training diverged: " + std::string(what));
}

Error training_diverged(const std::string& where, double loss) {
  if (!std::isfinite(loss)) return training_diverged(where, std::string_view("the loss is not finite"));
  char text[64];
  std::snprintf(text, sizeof text, "a loss of %.3g an example", loss);
  return training_diverged(where, std::string_view(text));
}

}  // namespace terse::core
