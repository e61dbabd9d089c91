#include "terse/relsim/evidence/contrast.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "terse/core/parallel.hpp"

namespace terse::relsim {
namespace {

constexpr double kFinest = 0.001;  // differences are not told apart below

/// log P(|N(0,1)| > z) for z >= 0.
double log_tail(double z) {
  if (z < 5) return std::log(std::erfc(z / std::numbers::sqrt2));
  // Mills' ratio, to a relative error below 1/z⁴.
  return -z * z / 2 - std::log(z * std::sqrt(std::numbers::pi / 2)) + std::log1p(-1 / (z * z));
}

/// How common differences up to a given one are among relations that do not say the same.
class Others {
 public:
  Others(const Contrast& contrast, std::size_t relations, const std::vector<float> (&same)[2]) {
    std::vector<std::pair<float, float>> pairs;  // difference, weight
    pairs.reserve(relations * relations);
    for (std::size_t a = 0; a < relations; ++a) {
      for (std::size_t b = a + 1; b < relations; ++b) {
        for (const int s : {0, 1}) {
          const std::size_t at = a * relations + b;
          pairs.emplace_back(contrast.difference[s][at], 1 - same[s][at]);
        }
      }
    }
    std::sort(pairs.begin(), pairs.end());
    double sum = 0;
    for (const auto& [difference, weight] : pairs) {
      difference_.push_back(difference);
      below_.push_back(sum += static_cast<double>(weight));
      constexpr double kFew = 5;
      if (closest_ == 0 && sum >= kFew && difference > 0) closest_ = static_cast<double>(difference);
    }
    if (below_.empty()) difference_.push_back(0), below_.push_back(0);
    const double closest = std::exchange(closest_, 0);
    closest_share_ = share_up_to(closest);
    closest_ = closest;
  }

  double share_up_to(double difference) const {
    // Below the few closest of them, as rare as if they were spread evenly from 0 on.
    if (difference < closest_) return closest_share_ * difference / closest_;
    const auto found = std::upper_bound(difference_.begin(), difference_.end(), difference,
                                        [](double x, float y) { return x < static_cast<double>(y); });
    const double count =
        found == difference_.begin() ? 0 : below_[static_cast<std::size_t>(found - difference_.begin()) - 1];
    // One more that nobody has seen.
    return (count + 1) / (below_.back() + 1);
  }

 private:
  std::vector<float> difference_;
  std::vector<double> below_;
  double closest_ = 0, closest_share_ = 1;
};

}  // namespace

EvidencePart weigh(const Contrast& contrast, std::size_t relations, const std::vector<float> (&same)[2]) {
  const Others others(contrast, relations, same);
  EvidencePart part{contrast.name, {}};
  for (const int s : {0, 1}) {
    part.ratio[s].assign(relations * relations, 0);
    core::parallel_for(relations, 16, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin * relations; i < end * relations; ++i) {
        if (s == 0 && i / relations == i % relations) continue;
        const auto difference = static_cast<double>(contrast.difference[s][i]);
        const auto noise = static_cast<double>(contrast.noise[s][i]), near = std::max(difference, 0.0);
        const double as_same = log_tail(near / std::hypot(noise, contrast.tolerance));
        const double ratio = as_same - std::log(others.share_up_to(near + noise + kFinest));
        part.ratio[s][i] = static_cast<float>(
            contrast.unrelated > 0 ? std::log(contrast.unrelated + (1 - contrast.unrelated) * std::exp(ratio)) : ratio);
      }
    });
  }
  return part;
}

}  // namespace terse::relsim
