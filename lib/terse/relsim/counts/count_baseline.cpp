#include "terse/relsim/counts/count_baseline.hpp"

#include <cmath>
#include <limits>

#include "terse/relsim/counts/role_counts.hpp"

namespace terse::relsim {

CountBaseline count_baseline(std::span<const Triple> train, std::span<const Triple> held_out, std::int32_t entities,
                             std::int32_t relations) {
  const RoleCounts counts(train, entities, relations);
  CountBaseline best;
  best.nats = std::numeric_limits<double>::infinity();
  best.uniform = 2 * std::log(static_cast<double>(entities));
  for (int quarter = -12; quarter <= 4; ++quarter) {
    const double smoothing = std::pow(10.0, quarter / 4.0);
    double nats = 0;
    for (const auto& t : held_out) {
      nats -= std::log(counts.probability(t.relation, t.head, smoothing));
      nats -= std::log(counts.probability(relations + t.relation, t.tail, smoothing));
    }
    nats /= static_cast<double>(held_out.size());
    if (nats < best.nats) best.nats = nats, best.smoothing = smoothing;
  }
  return best;
}

}  // namespace terse::relsim
