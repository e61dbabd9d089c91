#include "terse/act/budget/rehearsal.hpp"

#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <unordered_map>

#include "terse/act/bits/precision.hpp"
#include "terse/act/memory/allocator.hpp"
#include "terse/act/tensor/torch_errors.hpp"
#include "terse/core/memory.hpp"

namespace terse::act {

namespace {

constexpr std::uint64_t kWidestView = 2;  // storage bytes to tensor bytes, beyond which a kept tensor is copied out

/// What a block of the allocation log is to a saved tensor.
struct Part {
  std::uint32_t tensor = 0;
  BlockPart part = BlockPart::Other;
};
using Parts = std::unordered_map<std::uint64_t, Part>;

/// Follows the saved tensors whose bits can be chosen to the blocks that hold them.
/// @param own_blocks  [saved] the block that each lay in when it was saved, or 0
Parts find_parts(const std::vector<SavedTensor>& saved, const std::vector<std::uint64_t>& own_blocks,
                 const std::vector<Allocation>& log) {
  std::vector<bool> chosen;
  for (const auto& tensor : saved) chosen.push_back(!rungs_of(tensor).empty());
  Parts parts;
  std::vector<std::uint64_t> stores(saved.size(), 0);
  std::unordered_map<std::uint64_t, std::uint64_t> sizes;
  for (const Allocation& allocation : log) {
    if (allocation.bytes > 0) sizes[allocation.block] = static_cast<std::uint64_t>(allocation.bytes);
    if (allocation.stores > 0 && chosen[allocation.stores - 1]) stores[allocation.stores - 1] = allocation.block;
  }
  for (std::uint32_t i = 0; i < saved.size(); ++i) {
    if (stores[i] > 0) parts[stores[i]] = {i, BlockPart::Stored};  // the last: others were tried and given up
  }
  std::vector<bool> would_be_kept(saved.size(), false);
  for (std::uint32_t i = 0; i < saved.size(); ++i) {
    if (stores[i] == 0 || own_blocks[i] == 0) continue;
    if (sizes[own_blocks[i]] > kWidestView * rungs_of(saved[i]).back().bytes) continue;
    would_be_kept[i] = parts.emplace(own_blocks[i], Part{i, BlockPart::Saved}).second;
  }
  // What restores a tensor that would be kept would not be there either.
  for (const Allocation& allocation : log) {
    const auto source = parts.find(allocation.restores);
    if (allocation.bytes <= 0 || source == parts.end() || !would_be_kept[source->second.tensor]) continue;
    parts.emplace(allocation.block, Part{source->second.tensor, BlockPart::Restored});
  }
  return parts;
}

StepTimeline timeline_of(const std::vector<Allocation>& log, const Parts& parts) {
  StepTimeline timeline;
  for (const Allocation& allocation : log) {
    const auto bytes = static_cast<std::int64_t>(held_bytes(static_cast<std::uint64_t>(std::abs(allocation.bytes))));
    StepEvent event{allocation.block, allocation.bytes > 0 ? bytes : -bytes};
    if (const auto part = parts.find(allocation.block); part != parts.end()) {
      event.tensor = part->second.tensor;
      event.part = part->second.part;
    }
    timeline.events.push_back(event);
  }
  return timeline;
}

/// A step, and the gradients cleared. @return position in the log at which the backward pass begins
std::uint64_t run_pass(Workload& run, Compression& compression) {
  const Pass pass = run.largest();
  compression.batch(pass.inputs);
  std::uint64_t backward_start = 0;
  {
    const auto guard = compression.step(0);
    const auto loss = pass.forward().loss;
    backward_start = allocation_log_length();
    loss.backward();
  }
  run.update();
  run.clear_gradients();
  return backward_start;
}

/// Bits of every tensor that has a choice: of the fewest bytes, or those of the second tier.
std::map<std::string, int> bits_of_rehearsal(const std::vector<SavedTensor>& saved, bool swapped) {
  std::map<std::string, int> bits;
  for (const auto& tensor : saved) {
    if (const auto rungs = rungs_of(tensor); !rungs.empty()) {
      bits[tensor.id] = swapped ? kSwappedBits : rungs.front().bits;
    }
  }
  return bits;
}

/// Leaves nothing behind, however a rehearsal ends.
struct CleanUp {
  Workload& run;
  ~CleanUp() {
    run.clear_gradients();
    stop_allocation_log();
    malloc_trim(0);  // what the heap kept of tensors in 1 bit is not there where they are mapped
  }
};

/// What a store may hold beside what is in use: its bound, and what has just been handed to it.
std::uint64_t most_held(const SwapStore& swap, const std::vector<SavedTensor>& saved) {
  std::uint64_t largest = 0;
  for (const auto& tensor : saved) largest = std::max(largest, tensor.stored_bytes);
  return swap.options().resident_bytes + largest;
}

/// The most that the timeline's blocks take at once, and what they take for each saved tensor.
void sum_up(Rehearsal& rehearsal) {
  rehearsal.stored.resize(rehearsal.saved.size());
  rehearsal.kept.resize(rehearsal.saved.size());
  auto live = static_cast<std::int64_t>(rehearsal.timeline.live_before);
  for (const StepEvent& event : rehearsal.timeline.events) {
    live += event.bytes;
    rehearsal.peak_bytes = std::max(rehearsal.peak_bytes, static_cast<std::uint64_t>(live));
    if (event.bytes <= 0 || event.part == BlockPart::Other) continue;
    const auto bytes = static_cast<std::uint64_t>(event.bytes);
    if (event.part == BlockPart::Stored) {
      rehearsal.stored[event.tensor] += bytes;
    } else {
      rehearsal.kept[event.tensor] = std::max(rehearsal.kept[event.tensor], bytes);
    }
  }
}

}  // namespace

Rehearsal rehearse(Workload& run, std::shared_ptr<SwapStore> swap) {
  Rehearsal rehearsal;
  const auto kept = run.keep_state();
  const CleanUp clean_up{run};
  auto options = run.compression();
  options.level = Level::L1;
  options.bits = swap ? kSwappedBits : 1;
  options.swap = swap;
  Compression compression(options);
  run.own(compression);
  std::uint64_t live_before = 0, backward_start = 0, peak_before = 0;
  std::vector<Allocation> log;
  with_torch_errors(Error::Usage, [&] {
    run.evaluate();
    run_pass(run, compression);
    compression.set_bits(bits_of_rehearsal(compression.saved(), swap != nullptr));
    live_before = allocator_figures().held_bytes;
    peak_before = core::peak_resident_bytes();
    start_allocation_log();
    backward_start = run_pass(run, compression);
    log = stop_allocation_log();
  });
  rehearsal.saved = compression.saved();
  const auto own_blocks = blocks_of_saved();
  if (own_blocks.size() != rehearsal.saved.size())
    throw Error(Error::Internal, "a rehearsal lost sight of saved tensors");
  rehearsal.timeline = timeline_of(log, swap ? Parts{} : find_parts(rehearsal.saved, own_blocks, log));
  if (swap) rehearsal.second_tier_bytes = most_held(*swap, rehearsal.saved);
  rehearsal.timeline.live_before = live_before;
  rehearsal.timeline.tensors = rehearsal.saved.size();
  rehearsal.timeline.backward_start = backward_start;
  sum_up(rehearsal);
  for (const Allocation& allocation : log) {
    const auto unmanaged = std::max<std::int64_t>(allocation.unmanaged.value_or(0), 0);
    rehearsal.unmanaged_bytes = std::max(rehearsal.unmanaged_bytes, static_cast<std::uint64_t>(unmanaged));
  }
  // The kernel's peak counts what lies between those moments, if it is this step's.
  if (const auto peak = core::peak_resident_bytes(); peak > peak_before && peak > rehearsal.peak_bytes) {
    rehearsal.unmanaged_bytes = std::max(rehearsal.unmanaged_bytes, peak - rehearsal.peak_bytes);
  }
  return rehearsal;
}

}  // namespace terse::act
