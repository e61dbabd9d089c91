#include "terse/train/rehearsal.hpp"

#include <malloc.h>

#include <algorithm>
#include <unordered_map>

#include "terse/act/allocator.hpp"
#include "terse/act/precision.hpp"
#include "terse/train/torch_errors.hpp"
#include "terse/train/trainer.hpp"

namespace terse::train {

namespace {

constexpr std::uint64_t kWidestView = 2;  // storage bytes to tensor bytes, beyond which a kept tensor is copied out

/// What a block of the allocation log is to a saved tensor.
struct Part {
  std::uint32_t tensor = 0;
  act::BlockPart part = act::BlockPart::Other;
};
using Parts = std::unordered_map<std::uint64_t, Part>;

/// Follows the saved tensors whose bits can be chosen to the blocks that hold them.
class BlockFinder {
 public:
  void see(const act::PackedView& view) {
    const std::uint32_t tensor = seen_++;
    if (act::rungs_of(view.info).empty()) return;
    const auto& first = view.metadata.empty() ? view.payload : view.metadata;
    if (const auto block = act::allocation_block(first.data())) parts_[block] = {tensor, act::BlockPart::Stored};
    const auto& storage = view.exact.storage();
    if (storage.nbytes() > kWidestView * view.exact.nbytes()) return;
    if (const auto block = act::allocation_block(storage.data())) {
      parts_.emplace(block, Part{tensor, act::BlockPart::Saved});
    }
  }

  /// The log with each block's part in the step; what restores a tensor that would be kept is one as well.
  act::StepTimeline timeline(const std::vector<act::Allocation>& log) {
    act::StepTimeline timeline{.tensors = seen_};
    std::vector<bool> would_be_kept(seen_, false);
    for (const auto& [block, part] : parts_) {
      if (part.part == act::BlockPart::Saved) would_be_kept[part.tensor] = true;
    }
    for (const act::Allocation& allocation : log) {
      if (const auto source = parts_.find(allocation.restores); source != parts_.end()) {
        const auto tensor = source->second.tensor;
        if (would_be_kept[tensor]) parts_.emplace(allocation.block, Part{tensor, act::BlockPart::Restored});
      }
      const auto part = parts_.find(allocation.block);
      const auto bytes = static_cast<std::int64_t>(
          act::held_bytes(static_cast<std::uint64_t>(std::abs(allocation.bytes))));
      act::StepEvent event{allocation.block, allocation.bytes > 0 ? bytes : -bytes};
      if (part != parts_.end()) {
        event.tensor = part->second.tensor;
        event.part = part->second.part;
      }
      timeline.events.push_back(event);
    }
    return timeline;
  }

 private:
  Parts parts_;
  std::uint32_t seen_ = 0;
};

/// A batch than which the run has none larger.
Batch largest_batch(const DataSet& data, std::int64_t size) {
  std::vector<std::int64_t> examples(static_cast<std::size_t>(std::min(size, data.size())));
  const auto largest = data.largest();
  for (std::size_t i = 0; i < examples.size(); ++i) examples[i] = largest.value_or(static_cast<std::int64_t>(i));
  return data.batch(examples);
}

void forward_as_in_evaluation(Trainer& trainer) {
  if (!trainer.data().evaluation) return;
  const at::NoGradGuard no_grad;
  trainer.network().set_training(false);
  trainer.network().forward(largest_batch(*trainer.data().evaluation, trainer.options().batch).inputs);
  trainer.network().set_training(true);
}

/// Forward and backward as Trainer::step(). @return position in the log at which the backward pass begins
std::uint64_t pass(Trainer& trainer, act::Compression& compression, const Batch& batch) {
  compression.batch(batch.inputs);
  std::uint64_t backward_start = 0;
  {
    const auto guard = compression.step(0);
    const auto loss = cross_entropy(trainer.network().forward(batch.inputs), batch.labels);
    backward_start = act::allocation_log_length();
    loss.backward();
  }
  trainer.optimizer().clear_gradients();
  return backward_start;
}

}  // namespace

Rehearsal rehearse(Trainer& trainer) {
  Rehearsal rehearsal;
  const StateKeeper keeper(trainer.network());
  auto options = trainer.options().compression;
  options.level = act::Level::L1;
  options.bits = 1;
  act::Compression compression(options);
  own_tensors(compression, trainer.network());
  BlockFinder blocks;
  std::uint64_t live_before = 0, backward_start = 0;
  std::vector<act::Allocation> log;
  with_torch_errors(Error::Usage, [&] {
    forward_as_in_evaluation(trainer);
    pass(trainer, compression, largest_batch(*trainer.data().train, trainer.options().batch));
    compression.observe([&](const act::PackedView& view) { blocks.see(view); }, false);
    live_before = act::allocator_figures().held_bytes;
    act::start_allocation_log();
    {
      const auto batch = largest_batch(*trainer.data().train, trainer.options().batch);
      backward_start = pass(trainer, compression, batch);
    }
    log = act::stop_allocation_log();
  });
  rehearsal.timeline = blocks.timeline(log);
  rehearsal.timeline.live_before = live_before;
  rehearsal.timeline.backward_start = backward_start;
  rehearsal.saved = compression.saved();
  rehearsal.stored.resize(rehearsal.saved.size());
  rehearsal.kept.resize(rehearsal.saved.size());
  std::int64_t live = static_cast<std::int64_t>(live_before);
  for (const act::StepEvent& event : rehearsal.timeline.events) {
    live += event.bytes;
    rehearsal.peak_bytes = std::max(rehearsal.peak_bytes, static_cast<std::uint64_t>(live));
    if (event.bytes <= 0) continue;
    const auto bytes = static_cast<std::uint64_t>(event.bytes);
    if (event.part == act::BlockPart::Stored) rehearsal.stored[event.tensor] += bytes;
    if (event.part == act::BlockPart::Saved || event.part == act::BlockPart::Restored) {
      rehearsal.kept[event.tensor] = std::max(rehearsal.kept[event.tensor], bytes);
    }
  }
  for (const act::Allocation& allocation : log) {
    if (!allocation.unmanaged) continue;
    rehearsal.unmanaged_bytes =
        std::max(rehearsal.unmanaged_bytes, static_cast<std::uint64_t>(std::max<std::int64_t>(*allocation.unmanaged, 0)));
  }
  malloc_trim(0);  // what the heap kept of tensors at 1 bit is not there where they are mapped
  return rehearsal;
}

}  // namespace terse::train
