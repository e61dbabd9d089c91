#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "terse/act/packing/compression.hpp"
#include "terse/act/tensor/named_tensors.hpp"

namespace terse::act {

/// What a run does to stay within a budget, from cheap to dear.
enum class BudgetTier : std::uint8_t {
  Bits,       ///< it chooses bits
  Recompute,  ///< it also runs parts of the network again in the backward pass
  Swap,       ///< it stores tensors in a second tier, in kSwappedBits, and recomputes nothing
};

std::string_view to_string(BudgetTier tier);  ///< "bits", "recompute", "swap"

/// A batch, and the forward pass over it.
struct Pass {
  struct Result {
    at::Tensor output;  ///< of the network
    at::Tensor loss;
  };
  std::vector<at::Tensor> inputs;   ///< the batch's tensors
  std::function<Result()> forward;  ///< as often as wanted
};

/// A training run, as what rehearses its steps sees it: any loop can be planned for that is one.
class Workload {
 public:
  virtual ~Workload() = default;

  /// How steps compress, before a tier says otherwise.
  virtual const CompressionOptions& compression() const = 0;
  /// Tells `compression` what lives anyway: parameters, buffers, constants.
  virtual void own(Compression& compression) const = 0;
  /// A batch than which the run has none larger.
  virtual Pass largest() = 0;
  /// While what it returns lives, passes may change what is no parameter (batch statistics, generators): then it is put
  /// back.
  virtual std::shared_ptr<void> keep_state() = 0;
  virtual void clear_gradients() = 0;
  /// What the run also does, so that what this takes is seen: a pass of its evaluation, outside of steps.
  virtual void evaluate() {}
  /// And what follows the backward pass in a step, on gradients that may be zeroed first; it changes no parameter.
  virtual void update() {}
  /// Works as the tier says from the next pass on. @return how many parts of the network run again
  virtual std::size_t use(BudgetTier tier) = 0;
};

/// A training run that also steps, as what profiles it sees it.
class ProfiledRun : public Workload {
 public:
  /// The batch of the step that comes after `ahead` others.
  virtual Pass batch(std::uint64_t ahead) = 0;
  /// Whose gradient is meant.
  virtual NamedTensors parameters() const = 0;
  virtual std::uint64_t seed() const = 0;
  /// A training step with everything that belongs to it.
  /// @param compression      in place of the run's own
  /// @param observer         sees what the step saves, where not empty
  /// @param before_backward  called between forward and backward, where not empty
  /// @return                 seconds
  virtual double step(const CompressionOptions& compression, PackObserver observer,
                      const std::function<void()>& before_backward) = 0;
};

}  // namespace terse::act
