#include "terse/relsim/counts/count_baseline.hpp"

#include <cmath>
#include <limits>
#include <unordered_map>
#include <vector>

namespace terse::relsim {
namespace {

std::uint64_t key(std::int32_t relation, std::int32_t entity) {
  return static_cast<std::uint64_t>(relation) << 32 | static_cast<std::uint32_t>(entity);
}

}  // namespace

CountBaseline count_baseline(std::span<const Triple> train, std::span<const Triple> held_out, std::int32_t entities,
                             std::int32_t relations) {
  std::unordered_map<std::uint64_t, std::int64_t> heads, tails;
  std::vector<std::int64_t> facts(static_cast<std::size_t>(relations));
  for (const auto& t : train) {
    ++heads[key(t.relation, t.head)];
    ++tails[key(t.relation, t.tail)];
    ++facts[static_cast<std::size_t>(t.relation)];
  }
  const auto count = [](const auto& counts, std::uint64_t k) {
    const auto found = counts.find(k);
    return found == counts.end() ? 0.0 : static_cast<double>(found->second);
  };
  CountBaseline best;
  best.nats = std::numeric_limits<double>::infinity();
  best.uniform = 2 * std::log(static_cast<double>(entities));
  for (int quarter = -12; quarter <= 4; ++quarter) {
    const double smoothing = std::pow(10.0, quarter / 4.0);
    double nats = 0;
    for (const auto& t : held_out) {
      const double total = static_cast<double>(facts[static_cast<std::size_t>(t.relation)]) + smoothing * entities;
      nats -= std::log((count(heads, key(t.relation, t.head)) + smoothing) / total);
      nats -= std::log((count(tails, key(t.relation, t.tail)) + smoothing) / total);
    }
    nats /= static_cast<double>(held_out.size());
    if (nats < best.nats) best.nats = nats, best.smoothing = smoothing;
  }
  return best;
}

}  // namespace terse::relsim
