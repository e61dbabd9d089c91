#include "terse/train/exported/segments.hpp"

#include <algorithm>

namespace terse::train::exported {

namespace {

/// Slots that a step writes in place.
std::vector<std::size_t> written_slots(const Step& step) {
  std::vector<std::size_t> written;
  if (!step.op) return written;
  const auto& arguments = step.op->schema().arguments();
  for (std::size_t i = 0; i < step.arguments.size() && i < arguments.size(); ++i) {
    const c10::AliasInfo* alias = arguments[i].alias_info();
    if (!alias || !alias->isWrite()) continue;
    for (const std::size_t slot : step.arguments[i].slots()) written.push_back(slot);
  }
  return written;
}

/// Where each block's steps are next to each other. Arithmetic on sizes belongs to what is around it.
std::vector<Segment> runs_of(const Plan& plan, const RecomputeChoice& choice) {
  std::vector<Segment> runs;
  bool open = false;
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    const Step& step = plan.steps[i];
    if (step.symbol) continue;
    const auto block = choice.block_of(step.module_path);
    if (!block) {
      open = false;
    } else if (open && runs.back().path == *block) {
      runs.back().end = i + 1;
    } else {
      runs.push_back({*block, i, i + 1, {}, {}, {}, {}});
      open = true;
    }
  }
  return runs;
}

}  // namespace

std::vector<Segment> find_segments(const Plan& plan, const RecomputeChoice& choice, const std::set<std::size_t>& bound,
                                   const std::set<std::size_t>& kept) {
  std::vector<std::size_t> last_read(plan.slot_names.size(), 0);
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    for (const Binding& argument : plan.steps[i].arguments) {
      for (const std::size_t slot : argument.slots()) last_read[slot] = i;
    }
  }
  for (const std::size_t slot : kept) last_read[slot] = plan.steps.size();

  std::vector<Segment> segments = runs_of(plan, choice);
  for (Segment& segment : segments) {
    std::set<std::size_t> defined, inputs;
    for (std::size_t i = segment.begin; i < segment.end; ++i) {
      const Step& step = plan.steps[i];
      for (const Binding& argument : step.arguments) {
        for (const std::size_t slot : argument.slots()) {
          if (bound.contains(slot)) {
            segment.bound.insert(slot);
          } else if (!defined.contains(slot) && inputs.insert(slot).second) {
            segment.inputs.push_back(slot);
          }
        }
      }
      for (const std::size_t slot : written_slots(step)) {
        if (inputs.contains(slot)) segment.overwritten.insert(slot);
      }
      for (const Result& result : step.results) {
        for (const auto& slot : result.slots) {
          if (!slot) continue;
          defined.insert(*slot);
          if (last_read[*slot] >= segment.end) segment.outputs.push_back(*slot);
        }
      }
    }
  }
  std::erase_if(segments, [&](const Segment& segment) {
    return std::any_of(segment.overwritten.begin(), segment.overwritten.end(),
                       [&](std::size_t slot) { return last_read[slot] >= segment.end; });
  });
  return segments;
}

}  // namespace terse::train::exported
