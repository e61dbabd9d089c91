#include "terse/learn/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace terse::learn {

namespace {
constexpr std::string_view kScheduleNames[] = {"constant", "cosine", "linear", "step"};
}

std::string_view to_string(ScheduleKind kind) { return kScheduleNames[static_cast<int>(kind)]; }

Schedule::Schedule(const ScheduleOptions& options) : options_(options) {
  if (options_.every == 0) options_.every = std::max<std::uint64_t>(1, (options_.total + 2) / 3);
}

bool Schedule::needs_total() const {
  return options_.kind == ScheduleKind::Cosine || options_.kind == ScheduleKind::Linear;
}

double Schedule::rate(std::uint64_t step) const {
  const auto& o = options_;
  if (step < o.warmup) return o.rate * static_cast<double>(step + 1) / static_cast<double>(o.warmup);
  if (o.kind == ScheduleKind::Step) {
    const std::uint64_t drops = step / o.every;
    return o.rate * std::pow(o.gamma, static_cast<double>(drops));
  }
  if (!needs_total() || o.total <= o.warmup) return o.rate;
  const auto left = static_cast<double>(o.total - std::min(step, o.total));
  const auto length = static_cast<double>(o.total - o.warmup);
  if (o.kind == ScheduleKind::Linear) return o.rate * left / length;
  const double done = static_cast<double>(std::min(step, o.total) - o.warmup) / length;
  return o.rate * 0.5 * (1 + std::cos(std::numbers::pi * done));
}

}  // namespace terse::learn
