#include "terse/relsim/divergence/head_design.hpp"

#include <algorithm>
#include <limits>

#include "terse/core/parallel.hpp"

namespace terse::relsim {
namespace {

constexpr double kCertain = 1 - 1e-9;  // what rounding leaves of 1

/// The c with Σ min(1, c·mass) = request over heads not visited; infinite where all are wanted.
double scale_of(std::span<const double> mass, std::span<const std::uint8_t> visited, double request) {
  double scale = 0;
  // Each pass takes as certain what the last scale makes certain; the scale only grows, and soon no more.
  for (;;) {
    double certain = 0, rest = 0;
    for (std::size_t h = 0; h < mass.size(); ++h) {
      if (visited[h]) continue;
      if (scale * mass[h] >= 1) {
        ++certain;
      } else {
        rest += mass[h];
      }
    }
    if (rest <= 0) return std::numeric_limits<double>::infinity();
    const double next = (request - certain) / rest;
    if (next <= scale * (1 + 1e-12)) return scale;
    scale = next;
  }
}

}  // namespace

HeadDesign::HeadDesign(std::span<const double> mass, std::size_t relations, HeadSharing sharing)
    : mass_(mass), relations_(relations), entities_(mass.size() / relations), sharing_(sharing) {}

std::vector<double> HeadDesign::probabilities(std::span<const double> requests,
                                              std::span<const std::uint8_t> visited) const {
  std::vector<double> scales(relations_);
  core::parallel_for(relations_, 8, [&](std::size_t begin, std::size_t end) {
    for (auto a = begin; a < end; ++a) scales[a] = requests[a] > 0 ? scale_of(row(a), visited, requests[a]) : 0;
  });
  std::vector<double> result(entities_);
  core::parallel_for(entities_, 1024, [&](std::size_t begin, std::size_t end) {
    for (std::size_t a = 0; a < relations_; ++a) {
      if (scales[a] == 0) continue;
      for (auto h = begin; h < end; ++h) {
        if (visited[h]) continue;
        const double wanted = std::min(1.0, scales[a] * row(a)[h]);
        result[h] = sharing_ == HeadSharing::Sum ? std::min(1.0, result[h] + wanted) : std::max(result[h], wanted);
      }
    }
    for (auto h = begin; h < end; ++h) {
      if (result[h] > kCertain) result[h] = 1;
    }
  });
  return result;
}

}  // namespace terse::relsim
