#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "terse/act/packing/workload.hpp"
#include "terse/act/tensor/named_tensors.hpp"

namespace terse::learn {

/// A training loop as CompressedTraining sees it. Whatever is one of these can be compressed, adapt its bits, keep to a
/// budget, swap and be profiled.
class TrainingLoop {
 public:
  virtual ~TrainingLoop() = default;

  /// Whose gradients are meant; they live anyway.
  virtual act::NamedTensors parameters() const = 0;
  /// What else lives anyway: buffers, constants.
  virtual act::NamedTensors buffers() const { return {}; }
  /// The largest batch of the run.
  virtual act::Pass largest() = 0;
  /// Frees the gradients of parameters(), and of what else passes leave gradients in.
  virtual void clear_gradients() = 0;

  /// While what it returns lives, passes may change what is no parameter (batch statistics, generators): then it is put
  /// back.
  virtual std::shared_ptr<void> keep_state() { return nullptr; }
  /// For a budget: what the run also does, so that what this takes is seen: a pass of its evaluation, outside of steps.
  virtual void evaluate() {}
  /// For a budget: what follows the backward pass in a step, on gradients that may be zeroed first; changes no
  /// parameter.
  virtual void update() {}
  /// For a budget: whether parts of the network run again in the backward pass, from the next pass on.
  /// @return how many do
  virtual std::size_t recompute(bool again);

  // For a profile. By default, Error::Internal.
  /// The batch of the step that comes after `ahead` others.
  virtual act::Pass batch(std::uint64_t ahead);
  /// The next training step, with everything that belongs to it.
  /// @param before_backward  called between forward and backward where not empty
  virtual void run_step(const std::function<void()>& before_backward);
};

}  // namespace terse::learn
