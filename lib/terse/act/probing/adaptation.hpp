#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "terse/act/bits/precision.hpp"
#include "terse/act/packing/compression.hpp"
#include "terse/act/probing/output_gradient.hpp"
#include "terse/act/probing/variance_check.hpp"

namespace terse::act {

class GradientProbe;
class NodeGradients;
struct ProbeResult;

/// How bits follow the sensitivities of the saved tensors during a run.
struct AdaptationOptions {
  int default_bits = 4;       ///< of tensors whose sensitivity is not known yet
  std::uint64_t every = 100;  ///< steps between choices of bits; 0: they stay as they are, and nothing is probed
  std::uint64_t seed = 0;
  bool entropy = false;  ///< as CompressionOptions::entropy
  /// Chooses the bits of a table: PrecisionTable::allocate(default_bits) where empty.
  std::function<void(PrecisionTable&)> choose = {};
};

/// What adaptation did in a step.
struct AdaptationFigures {
  std::uint64_t probed = 0;                      ///< tensors
  double spent = 0;                              ///< on probes and checks since the run began, in training steps
  double average_bits = 0;                       ///< of an element of the tensors whose bits are chosen
  bool chose = false;                            ///< bits were chosen anew, for the next step on
  std::optional<VarianceFigures> variance = {};  ///< where a check came to its end
};

/// Measures sensitivities while a network trains, a few tensors at a time, and chooses bits by them. A step costs at
/// most twice what it would without; over a run the account opens with 20 training steps and grows by one in a
/// hundred: 40 in 2,000. Between probes, sensitivities follow the gradient where their tensors are used
/// (NodeGradients). Which tensor is probed when depends on step numbers alone, so a run repeats itself.
class Adaptation {
 public:
  explicit Adaptation(AdaptationOptions options);
  ~Adaptation();

  /// Begins with what a policy knows: sensitivities, and bits where it has chosen any.
  void start_from(std::vector<formats::PolicyTensor> tensors);
  const PrecisionTable& table() const { return table_; }
  /// Adds the tensors of a step to the table.
  void note(std::span<const SavedTensor> saved) { table_.note(saved); }
  /// Chooses otherwise from now on, as AdaptationOptions::choose.
  void choose_by(std::function<void(PrecisionTable&)> choose) { options_.choose = std::move(choose); }
  /// From now on bits stay, and nothing is probed.
  void stop_probing() { options_.every = 0; }
  /// Chooses bits now, as every so many steps. @param for_good  not to be chosen anew as soon as all tensors are known
  void choose(bool for_good = true);

  // The phases of step `step`, from 1.
  /// Before the forward pass. May have the step's gradient computed once more by `pass` (VarianceCheck).
  void begin_step(std::uint64_t step, const NamedTensors& parameters, Compression& compression,
                  const GradientPass& pass);
  /// Between forward and backward pass. @param output  of the network, that the loss is made of
  void before_backward(const at::Tensor& output, const at::Tensor& loss, const NamedTensors& parameters,
                       Compression& compression);
  /// After the backward pass, while the gradient is there.
  AdaptationFigures end_step(std::uint64_t step, const NamedTensors& parameters, Compression& compression);

  /// All that goes on in the next step, beside table().tensors(): for a checkpoint; and back. @throws Error::BadInput
  formats::Value state() const;
  void restore(const formats::Value& state, std::vector<formats::PolicyTensor> tensors);

 private:
  double credit(std::uint64_t step) const;
  void choose_probes(std::uint64_t step, Compression& compression);
  double average_bits() const;

  AdaptationOptions options_;
  PrecisionTable table_;
  VarianceCheck check_;
  double spent_ = 0;
  bool chosen_ = false;                   // bits were chosen at least once
  bool bits_are_set_ = false;             // the compression has the present ones
  std::unique_ptr<GradientProbe> probe_;  // of the step under way
  std::vector<ProbeResult> found_;        // in this step's backward pass
  std::shared_ptr<OutputGradient> signal_;
  bool watches_all_ = false;  // the gradient at every saved tensor, in the step under way
  std::shared_ptr<NodeGradients> gradients_;
};

}  // namespace terse::act
