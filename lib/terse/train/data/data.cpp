#include "terse/train/data/data.hpp"

#include <numeric>
#include <utility>

#include "terse/core/philox.hpp"

namespace terse::train {

std::vector<std::int64_t> shuffled(std::int64_t count, std::uint64_t seed, std::uint32_t epoch) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  core::RandomSequence random({seed, core::stream_of("shuffle"), epoch});
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  return order;
}

}  // namespace terse::train
