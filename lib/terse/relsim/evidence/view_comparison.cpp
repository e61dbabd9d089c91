#include "terse/relsim/evidence/view_comparison.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "terse/core/parallel.hpp"
#include "terse/core/philox.hpp"

namespace terse::relsim {
namespace {

constexpr double kLeastNorm = 0.05;  // squared: relations whose facts have nothing in common are not divided by nothing
constexpr double kLeastHalf = 10;    // facts of a half that may calibrate the noise
constexpr std::size_t kBlock = 8;    // relations compared at a time, so that matrices are fetched less often

double dot(std::span<const float> a, std::span<const float> b) {
  float sum[16] = {};
  std::size_t i = 0;
  for (; i + 16 <= a.size(); i += 16) {
    for (std::size_t j = 0; j < 16; ++j) sum[j] += a[i + j] * b[i + j];
  }
  double total = 0;
  for (const float s : sum) total += static_cast<double>(s);
  for (; i < a.size(); ++i) total += static_cast<double>(a[i] * b[i]);
  return total;
}

/// Facts by relation.
std::vector<std::vector<std::size_t>> group(std::span<const Triple> triples, std::size_t relations) {
  std::vector<std::vector<std::size_t>> facts(relations);
  for (std::size_t f = 0; f < triples.size(); ++f) facts[static_cast<std::size_t>(triples[f].relation)].push_back(f);
  return facts;
}

}  // namespace

ViewComparison::ViewComparison(const FactView& view, std::span<const Triple> triples, std::int32_t relations,
                               bool all_pairs)
    : size_(view.width() * view.width()), facts_(static_cast<std::size_t>(relations)) {
  measure(view, triples);
  calibrate();
  if (all_pairs) {
    compare();
  } else {
    compare_halves();
  }
}

void ViewComparison::measure(const FactView& view, std::span<const Triple> triples) {
  const std::size_t count = relations(), width = view.width();
  for (auto* column : {&spread_, &noise_spread_, &norm_, &own_swapped_spread_, &half_difference_})
    column->assign(count, 0);
  mean_.resize(count * size_);
  turned_.resize(count * size_);
  const auto facts = group(triples, count);
  core::parallel_for(count, 1, [&](std::size_t begin, std::size_t end) {
    std::vector<float> head(width), tail(width);
    std::vector<double> half[2];
    for (std::size_t r = begin; r < end; ++r) {
      for (auto& h : half) h.assign(size_, 0);
      double n[2] = {0, 0}, reversed = 0;
      for (std::size_t i = 0; i < facts[r].size(); ++i) {
        view.describe(facts[r][i], head, tail);
        const auto which = core::random_block({.seed = 1, .stream = r, .step = 0}, i)[0] & 1;
        ++n[which];
        double across = 0;
        for (std::size_t x = 0; x < width; ++x) {
          across += static_cast<double>(head[x]) * static_cast<double>(tail[x]);
          for (std::size_t y = 0; y < width; ++y) half[which][x * width + y] += static_cast<double>(head[x] * tail[y]);
        }
        reversed += across * across;
      }
      const double all = n[0] + n[1];
      double square = 0, apart = 0;
      const auto mean = std::span(mean_).subspan(r * size_, size_),
                 turned = std::span(turned_).subspan(r * size_, size_);
      for (std::size_t x = 0; x < width; ++x) {
        for (std::size_t y = 0; y < width; ++y) {
          const std::size_t i = x * width + y;
          const double m = all > 0 ? (half[0][i] + half[1][i]) / all : 0;
          mean[i] = turned[y * width + x] = static_cast<float>(m);
          square += m * m;
          if (n[0] > 0 && n[1] > 0) {
            const double d = half[0][i] / n[0] - half[1][i] / n[1];
            apart += d * d;
          }
        }
      }
      facts_[r] = all;
      const double unbiased = (all * square - 1) / std::max(all - 1, 1.0);
      const double variance = std::max(1 - unbiased, 1e-3);  // of one fact's head ⊗ tail, which has unit length
      spread_[r] = variance / std::max(all, 1.0);
      norm_[r] = std::sqrt(std::max(unbiased, kLeastNorm));
      own_swapped_spread_[r] = all > 0 ? (1 - reversed / all) / all : 1;
      const double expected = all > 0 ? variance / n[0] + variance / n[1] : 0;
      // A few facts may agree by luck: as if four more had been seen, of half the largest variance.
      noise_spread_[r] = ((all - 1) * variance + 4 * 0.5) / ((all + 3) * std::max(all, 1.0));
      half_difference_[r] =
          std::min(n[0], n[1]) < kLeastHalf ? std::numeric_limits<double>::quiet_NaN() : (apart - expected) / expected;
    }
  });
}

void ViewComparison::calibrate() {
  // The estimate's deviation is the expected squared error times √(2 / effective dimensions).
  double sum = 0, count = 0;
  for (const double d : half_difference_) {
    if (std::isnan(d)) continue;
    sum += d * d;
    ++count;
  }
  constexpr double kPrior = 0.5, kWeight = 4;  // four effective dimensions, as if seen in so many relations
  noise_factor_ = std::sqrt((sum + kPrior * kWeight) / (count + kWeight));
}

double ViewComparison::noise(std::size_t a, std::size_t b, bool swapped) const {
  const double spread =
      a == b && swapped ? std::max(2 * own_swapped_spread_[a], noise_spread_[a]) : noise_spread_[a] + noise_spread_[b];
  return noise_factor_ * spread / (2 * norm_[a] * norm_[b]);
}

void ViewComparison::compare() {
  const std::size_t count = relations();
  for (auto& d : difference_) d.assign(count * count, 0);
  const auto row = [&](const std::vector<float>& rows, std::size_t r) {
    return std::span(rows).subspan(r * size_, size_);
  };
  std::vector<double> square(count);
  for (std::size_t r = 0; r < count; ++r) square[r] = dot(row(mean_, r), row(mean_, r));
  core::parallel_for(count, kBlock, [&](std::size_t begin, std::size_t end) {
    for (std::size_t b = begin; b < count; ++b) {
      for (std::size_t a = begin; a < std::min(end, b + 1); ++a) {
        const double base = square[a] + square[b], scale = 2 * norm_[a] * norm_[b];
        const double straight =
            a == b ? 0 : (base - 2 * dot(row(mean_, a), row(mean_, b)) - spread_[a] - spread_[b]) / scale;
        const double spread = a == b ? 2 * own_swapped_spread_[a] : spread_[a] + spread_[b];
        const double turned = (base - 2 * dot(row(turned_, a), row(mean_, b)) - spread) / scale;
        difference_[0][a * count + b] = difference_[0][b * count + a] = static_cast<float>(straight);
        difference_[1][a * count + b] = difference_[1][b * count + a] = static_cast<float>(turned);
      }
    }
  });
}

void ViewComparison::compare_halves() {
  const std::size_t count = relations(), half = count / 2;
  for (auto& d : difference_) d.assign(count * count, 0);
  const auto mean = [&](std::size_t r) { return std::span(mean_).subspan(r * size_, size_); };
  for (std::size_t a = 0; a < half; ++a) {
    const auto x = mean(a), y = mean(half + a);
    const double apart = dot(x, x) + dot(y, y) - 2 * dot(x, y) - spread_[a] - spread_[half + a];
    difference_[0][a * count + half + a] = static_cast<float>(apart / (2 * norm_[a] * norm_[half + a]));
  }
}

}  // namespace terse::relsim
