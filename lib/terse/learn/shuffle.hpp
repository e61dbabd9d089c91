#pragma once

#include <concepts>
#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

#include "terse/core/philox.hpp"

namespace terse::learn {

/// The numbers 0 … count - 1 in random order (Fisher–Yates): the order of an epoch's examples.
/// @param key  same key, same order; loops differ in their stream, epochs in the step
template <std::integral Index = std::uint32_t>
std::vector<Index> shuffled(std::size_t count, const core::RandomKey& key) {
  std::vector<Index> order(count);
  std::iota(order.begin(), order.end(), Index{0});
  core::RandomSequence random(key);
  for (auto i = count; i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  return order;
}

}  // namespace terse::learn
