#include "terse/train/loop/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace terse::train {

Schedule::Schedule(const Spec& spec, double learning_rate, std::uint64_t total, std::uint64_t warmup)
    : learning_rate_(learning_rate), total_(total), warmup_(warmup) {
  SpecReader reader(spec);
  if (spec.name == "step") {
    every_ = static_cast<std::uint64_t>(
        reader.integer("every", std::max<std::int64_t>(1, (static_cast<std::int64_t>(total) + 2) / 3)));
    gamma_ = reader.number("gamma", 0.1, 0, 1);
  } else if (spec.name != "constant" && spec.name != "cosine") {
    throw_unknown_name(spec, {"constant", "cosine", "step"});
  }
  reader.finish();
  spec_ = reader.resolved();
}

double Schedule::rate(std::uint64_t step) const {
  if (step < warmup_) return learning_rate_ * static_cast<double>(step + 1) / static_cast<double>(warmup_);
  if (spec_.name == "step") {
    return learning_rate_ * std::pow(gamma_, static_cast<double>(step / every_));
  }
  if (spec_.name == "cosine" && total_ > warmup_) {
    const double done = static_cast<double>(std::min(step, total_) - warmup_) / static_cast<double>(total_ - warmup_);
    return learning_rate_ * 0.5 * (1 + std::cos(std::numbers::pi * done));
  }
  return learning_rate_;
}

}  // namespace terse::train
