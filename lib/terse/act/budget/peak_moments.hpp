#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "terse/act/bits/bit_allocation.hpp"

namespace terse::act {

/// What a block of memory is to the saved tensor that it belongs to.
enum class BlockPart : std::uint8_t {
  Other,     ///< no saved tensor's: workspace, gradients, results that nobody saves
  Stored,    ///< what the tensor was encoded to
  Saved,     ///< the tensor itself, which a reference to it would keep
  Restored,  ///< what its backward pass sees
};

/// An allocation or a release of a training step, in order.
struct StepEvent {
  std::uint64_t block = 0;   ///< names the block from its allocation to its release
  std::int64_t bytes = 0;    ///< > 0 allocates, < 0 releases as many
  std::uint32_t tensor = 0;  ///< number of the saved tensor, where part is not Other
  BlockPart part = BlockPart::Other;
};

/// A training step that was run with every saved tensor compressed.
struct StepTimeline {
  std::uint64_t live_before = 0;   ///< bytes of blocks that were live when the step began
  std::size_t tensors = 0;         ///< saved tensors
  std::size_t backward_start = 0;  ///< index of the backward pass's first event
  std::vector<StepEvent> events = {};
};

/// A saved tensor at a moment at which storing it takes memory.
struct TensorAtMoment {
  std::uint32_t tensor = 0;
  bool stored = false;        ///< what it was encoded to is live
  std::uint64_t covered = 0;  ///< bytes of the moment's base that keeping the tensor itself would make needless

  bool operator==(const TensorAtMoment&) const = default;
};

/// A moment of a training step at which memory may be at its peak.
struct Moment {
  std::uint64_t base = 0;               ///< bytes whatever the choice: model, workspace, restored tensors
  std::vector<TensorAtMoment> tensors;  ///< ascending
};

/// Bytes that a choice for a tensor takes at a moment on top of the base; < 0 where keeping it spares more.
std::int64_t bytes_at(const TensorAtMoment& at, const BitChoice& choice);

/// Bytes that all blocks take at a moment. @param choice [ladders]
std::uint64_t bytes_at(const Moment& moment, std::span<const BitLadder> ladders, std::span<const std::size_t> choice);

/// The moments of a step that can be its peak under some choice of bits; one that another is above whatever the choice
/// is left out, provided that a tensor's exact choice takes no fewer bytes than any block that holds the tensor itself.
/// @param probing  not 0: steps probe sensitivities (GradientProbe). At any point of the backward pass, what is still
///                 to come of it may then run once more before anything more is released, with so many bytes beside:
///                 its workspace comes on top, without the parameters' gradients, which a probe does not hold
/// @throws Error::BadInput where the timeline releases what it did not allocate, or names a tensor that is not there
std::vector<Moment> peak_moments(const StepTimeline& timeline, std::uint64_t probing = 0);

}  // namespace terse::act
