#include "terse/act/probing/probe_schedule.hpp"

#include <algorithm>
#include <numeric>

#include "terse/act/probing/gradient_probe.hpp"

namespace terse::act {

namespace {

constexpr double kBackward = 2.0 / 3;  // of a step

}  // namespace

double probe_cost(double reach, std::size_t tensors) {
  return std::max(kBackward * reach, 1.0 / static_cast<double>(std::max<std::size_t>(tensors, 1)));
}

ProbeGroup next_probes(const PrecisionTable& table, double most, double share) {
  const auto& tensors = table.tensors();
  std::vector<std::size_t> order(tensors.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return tensors[a].probed < tensors[b].probed; });
  std::uint64_t stored = 0, second = 0;
  for (const auto& tensor : tensors) stored += bytes_at(tensor, tensor.bits > 0 ? tensor.bits : kProbeBits);
  ProbeGroup group;
  for (const std::size_t i : order) {
    // Where nothing is known, the part of the network below the tensor is what its place among the others says.
    const double cost =
        tensors[i].cost > 0
            ? tensors[i].cost
            : probe_cost(static_cast<double>(i + 1) / static_cast<double>(tensors.size()), tensors.size());
    const std::uint64_t bytes = bytes_at(tensors[i], kProbeBits);
    if (group.cost + cost > most ||
        (!group.ids.empty() && static_cast<double>(second + bytes) > share * static_cast<double>(stored)))
      continue;
    group.ids.insert(tensors[i].id);
    group.cost += cost;
    second += bytes;
  }
  return group;
}

}  // namespace terse::act
