#include "terse/train/loop/schedule_spec.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace terse::train {

using learn::ScheduleKind;

NamedSchedule make_schedule(const Spec& spec, double rate, std::uint64_t total, std::uint64_t warmup) {
  constexpr ScheduleKind kKinds[] = {ScheduleKind::Constant, ScheduleKind::Cosine, ScheduleKind::Linear,
                                     ScheduleKind::Step};
  const auto kind = std::ranges::find(kKinds, spec.name, [](ScheduleKind one) { return learn::to_string(one); });
  if (kind == std::end(kKinds)) {
    std::vector<std::string> names;
    for (const auto one : kKinds) names.emplace_back(learn::to_string(one));
    throw_unknown_name(spec, names);
  }
  learn::ScheduleOptions options{.kind = *kind, .rate = rate, .total = total, .warmup = warmup};
  SpecReader reader(spec);
  if (options.kind == ScheduleKind::Step) {
    const auto third = learn::Schedule(options).options().every;
    options.every = static_cast<std::uint64_t>(reader.integer("every", static_cast<std::int64_t>(third)));
    options.gamma = reader.number("gamma", options.gamma, 0, 1);
  }
  reader.finish();
  return {reader.resolved(), learn::Schedule(options)};
}

}  // namespace terse::train
