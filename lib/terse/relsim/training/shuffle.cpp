#include "terse/relsim/training/shuffle.hpp"

#include <numeric>
#include <utility>

namespace terse::relsim {

std::vector<std::uint32_t> shuffled(std::size_t count, core::RandomKey key) {
  std::vector<std::uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0u);
  core::RandomSequence random(key);
  for (auto i = count; i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  return order;
}

}  // namespace terse::relsim
