#include "terse/relsim/evidence/shared_evidence.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <map>
#include <utility>

namespace terse::relsim {
namespace {

constexpr std::array kShares = {0.0, 0.003, 0.01, 0.03, 0.1, 0.3, 0.5, 0.9};
using Weights = std::array<double, kShares.size()>;
constexpr double kPseudoPairs = 4;  // what the flat beginning counts for
constexpr int kIterations = 20;
constexpr double kLeastExpected = 1e-3;

/// How many facts a pair shares, or some pairs alike.
struct Sharing {
  double shared = 0, expected = 0, facts = 0;
  double same = 0, other = 0;  // pairs of either kind
  Weights likelihood = {};     // at each share, up to a factor
};

void find_likelihood(Sharing& sharing) {
  Weights logs;
  for (std::size_t k = 0; k < kShares.size(); ++k) {
    // Of the facts that are not copies, as large a share is met by chance as of all.
    const double chance = std::clamp(sharing.expected, kLeastExpected, std::max(sharing.facts, kLeastExpected));
    const double mean = chance + kShares[k] * (sharing.facts - chance);
    logs[k] = sharing.shared * std::log(mean) - mean;
  }
  const double high = *std::max_element(logs.begin(), logs.end());
  for (std::size_t k = 0; k < kShares.size(); ++k) sharing.likelihood[k] = std::exp(logs[k] - high);
}

double likelihood(const Sharing& sharing, const Weights& weights) {
  double sum = 0;
  for (std::size_t k = 0; k < kShares.size(); ++k) sum += weights[k] * sharing.likelihood[k];
  return sum;
}

Weights learn(const std::vector<Sharing>& all, double Sharing::*pairs) {
  Weights weights;
  weights.fill(1.0 / kShares.size());
  for (int i = 0; i < kIterations; ++i) {
    Weights sums;
    sums.fill(kPseudoPairs / kShares.size());
    double total = kPseudoPairs;
    for (const auto& sharing : all) {
      const double scale = sharing.*pairs / likelihood(sharing, weights);
      for (std::size_t k = 0; k < kShares.size(); ++k) sums[k] += scale * weights[k] * sharing.likelihood[k];
      total += sharing.*pairs;
    }
    for (std::size_t k = 0; k < kShares.size(); ++k) weights[k] = sums[k] / total;
  }
  return weights;
}

}  // namespace

SharedEvidence weigh_shared_facts(std::span<const SharedFacts> pairs, std::span<const double> facts,
                                  const std::vector<float> (&same)[2]) {
  const std::size_t n = facts.size();
  const auto larger = [&](std::size_t a, std::size_t b) {
    return a == b ? facts[a] / 2 : std::max(facts[a], facts[b]);
  };
  std::vector<Sharing> all;
  std::vector<std::uint8_t> shares[2];
  for (auto& list : shares) list.assign(n * n, 0);
  for (const auto& pair : pairs) {
    const auto a = static_cast<std::size_t>(pair.a), b = static_cast<std::size_t>(pair.b);
    const auto chance = static_cast<double>(same[pair.swapped][a * n + b]);
    all.push_back({static_cast<double>(pair.shared), pair.expected, larger(a, b), chance, 1 - chance, {}});
    shares[pair.swapped][a * n + b] = 1;
  }
  // Pairs that share nothing differ in their sizes alone: taken together where these are about the same.
  std::map<long, Sharing> nothing;
  const auto size_class = [](double size) { return std::lround(8 * std::log2(std::max(size, 1.0))); };
  for (const int s : {0, 1}) {
    for (std::size_t a = 0; a < n; ++a) {
      for (std::size_t b = s == 0 ? a + 1 : a; b < n; ++b) {
        if (shares[s][a * n + b]) continue;
        const auto size = size_class(larger(a, b));
        auto& sharing = nothing[size];
        sharing.facts = std::exp2(static_cast<double>(size) / 8);
        sharing.same += static_cast<double>(same[s][a * n + b]);
        sharing.other += 1 - static_cast<double>(same[s][a * n + b]);
      }
    }
  }
  for (const auto& [size, sharing] : nothing) all.push_back(sharing);
  for (auto& sharing : all) find_likelihood(sharing);
  const auto of_same = learn(all, &Sharing::same), of_others = learn(all, &Sharing::other);
  const auto ratio = [&](const Sharing& sharing) {
    return static_cast<float>(std::log(likelihood(sharing, of_same) / likelihood(sharing, of_others)));
  };

  EvidencePart part{"shared facts", {}};
  std::map<long, float> ratio_of_nothing;
  for (std::size_t i = 0; const auto& [size, sharing] : nothing)
    ratio_of_nothing[size] = ratio(all[pairs.size() + i++]);
  for (const int s : {0, 1}) {
    part.ratio[s].assign(n * n, 0);
    for (std::size_t a = 0; a < n; ++a) {
      for (std::size_t b = 0; b < n; ++b) {
        if (s == 0 && a == b) continue;
        part.ratio[s][a * n + b] = ratio_of_nothing[size_class(larger(a, b))];
      }
    }
  }
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const auto a = static_cast<std::size_t>(pairs[i].a), b = static_cast<std::size_t>(pairs[i].b);
    auto& matrix = part.ratio[pairs[i].swapped];
    matrix[a * n + b] = matrix[b * n + a] = ratio(all[i]);
  }
  double usual = 0;
  for (std::size_t k = 0; k < kShares.size(); ++k) usual += of_same[k] * kShares[k];
  return {std::move(part), usual};
}

}  // namespace terse::relsim
