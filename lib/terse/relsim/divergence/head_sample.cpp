#include "terse/relsim/divergence/head_sample.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "terse/core/parallel.hpp"
#include "terse/relsim/statistics/student_t.hpp"

namespace terse::relsim {
namespace {

constexpr double kMostLeverage = 0.9;  // a single head's share of the weight, as far as it enlarges residuals
constexpr double kNegligibleMass = 1e-12;

}  // namespace

void HeadSums::resize(std::size_t elements) {
  for (auto* part : {&all, &certain, &drawn, &linear, &square}) part->assign(elements, 0);
}

void HeadSums::add(const HeadSums& other) {
  const auto add = [](std::vector<double>& into, const std::vector<double>& from) {
    for (std::size_t i = 0; i < into.size(); ++i) into[i] += from[i];
  };
  add(all, other.all);
  add(certain, other.certain);
  add(drawn, other.drawn);
  add(linear, other.linear);
  add(square, other.square);
}

HeadSample::HeadSample(std::span<const double> mass, std::size_t relations, std::span<const std::uint8_t> visited)
    : mass_(mass), visited_(visited), entities_(mass.size() / relations), relations_(relations) {}

void HeadSample::add(std::int64_t head, double probability) {
  heads_.push_back(head);
  probability_.push_back(probability);
}

double HeadSample::share(std::size_t a, std::size_t i) const {
  return mass(a, heads_[i]) / probability_[i] / relations_[a].weight;
}

double HeadSample::design_variance(std::size_t a, std::size_t i) const {
  const double mass = relations_[a].rest * share(a, i);  // that the head stands for
  return (1 - probability_[i]) * mass * mass;
}

double HeadSample::variance_weight(std::size_t a, std::size_t i) const {
  const double left = 1 - std::min(share(a, i), kMostLeverage);
  return relations_[a].scale * design_variance(a, i) / (left * left);
}

void HeadSample::weigh() {
  std::vector<std::uint8_t> known(visited_.begin(), visited_.end());
  for (const auto h : heads_) known[static_cast<std::size_t>(h)] = 1;
  core::parallel_for(relations_.size(), 8, [&](std::size_t begin, std::size_t end) {
    for (auto a = begin; a < end; ++a) weigh(a, known);
  });
}

void HeadSample::weigh(std::size_t a, std::span<const std::uint8_t> known) {
  auto& relation = relations_[a];
  double variance = 0;  // of a sum over what is not known, were that of a divergence 1
  for (std::size_t h = 0; h < entities_; ++h) {
    const double p = mass_[a * entities_ + h];
    if (!visited_[h]) relation.rest += p;
    if (!known[h]) variance += p * p;
  }
  for (std::size_t i = 0; i < heads_.size(); ++i) {
    const double p = mass(a, heads_[i]);
    if (probability_[i] >= 1) {
      relation.certain += p;
    } else {
      relation.weight += p / probability_[i];
      ++relation.drawn;
    }
  }
  relation.rest = std::max(relation.rest - relation.certain, 0.0);
  if (relation.drawn < 2 || relation.rest < kNegligibleMass) return;
  double sum = 0, squares = 0;
  for (std::size_t i = 0; i < heads_.size(); ++i) {
    if (probability_[i] >= 1) continue;
    const double beyond = relation.rest * share(a, i) - mass(a, heads_[i]), c = design_variance(a, i);
    variance += beyond * beyond;
    sum += c;
    squares += c * c;
  }
  if (sum > 0) relation.scale = variance / sum;
  for (std::size_t i = 0; i < heads_.size(); ++i) {
    if (probability_[i] < 1) relation.square += variance_weight(a, i);
  }
  const double effective = squares > 0 ? sum * sum / squares : 2;
  relation.freedom = std::max(effective - 1, 1.0);
}

void HeadSample::accumulate(std::size_t i, const double* divergence, std::size_t queries, HeadSums& sums) const {
  const bool certain = probability_[i] >= 1;
  for (std::size_t a = 0; a < relations_.size(); ++a) {
    const double p = mass(a, heads_[i]);
    const double w = p / probability_[i];
    const double c = certain || relations_[a].drawn < 2 ? 0 : variance_weight(a, i);
    for (auto k = a * queries; k < (a + 1) * queries; ++k) {
      const double d = divergence[k];
      sums.all[k] += p * d;
      if (certain) {
        sums.certain[k] += p * d;
      } else {
        sums.drawn[k] += w * d;
        sums.linear[k] += c * d;
        sums.square[k] += c * d * d;
      }
    }
  }
}

double HeadSample::Estimate::half_width() const { return student_t_95(freedom) * std::sqrt(variance); }

HeadSample::Estimate HeadSample::sum(const Estimate& a, const Estimate& b) {
  const double variance = a.variance + b.variance;
  const double square = a.variance * a.variance / a.freedom + b.variance * b.variance / b.freedom;
  return {a.value + b.value, variance, square > 0 ? std::min(variance * variance / square, kExact) : kExact};
}

double HeadSample::precision(std::size_t a) const {
  const auto& relation = relations_[a];
  if (relation.rest < kNegligibleMass) return std::numeric_limits<double>::infinity();
  return relation.drawn < 2 || relation.square <= 0 ? 0 : 1 / relation.square;
}

HeadSample::Estimate HeadSample::estimate(std::size_t a, const HeadSums::Element& sums) const {
  const auto& relation = relations_[a];
  if (relation.rest < kNegligibleMass) return {};
  if (relation.drawn < 2) {
    // Next to nothing is known of the rest: take it for like the certain heads, and say that it may be otherwise.
    const double mass = relation.certain + relation.weight;
    const double mean = mass > 0 ? (sums.certain + sums.drawn) / mass : 0;
    const double deviation = relation.rest * mean / student_t_95(kExact);
    return {relation.rest * mean, deviation * deviation, kExact};
  }
  const double mean = sums.drawn / relation.weight;
  const double variance = sums.square - 2 * mean * sums.linear + mean * mean * relation.square;
  return {relation.rest * mean, std::max(variance, 0.0), relation.freedom};
}

}  // namespace terse::relsim
