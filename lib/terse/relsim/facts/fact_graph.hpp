#pragma once

#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "terse/act/budget/budget_keeper.hpp"
#include "terse/act/packing/compression.hpp"
#include "terse/act/probing/adaptation.hpp"
#include "terse/formats/kinds/policy.hpp"
#include "terse/relsim/facts/fact_step.hpp"

namespace terse::relsim {

/// How the steps of a FactGraph keep what their backward pass needs.
struct FactCompression {
  act::Level level = act::Level::L0;
  int bits = 0;                     ///< not 0: in place of the level's; 32 for none
  std::uint64_t budget = 0;         ///< not 0: bytes of resident size, in place of an adaptive level's average bits
  std::uint64_t adapt_every = 100;  ///< at an adaptive level: steps between choices of bits
  std::uint64_t seed = 0;
  std::vector<formats::PolicyTensor> policy = {};  ///< at an adaptive level: what is known of the tensors to begin with
  bool policy_bits = false;                        ///< and its bits are those of the level

  /// Whether anything is compressed.
  bool wanted() const;
};

/// Steps a fact model whose perceptrons LibTorch differentiates, so that the hidden layers, which are nearly all that a
/// step keeps for its backward pass, go through an act::Compression. All else is FactStep's: softmax and loss hold no
/// rows × entities, and need no backward pass. ReLU's masks are exact at any level, so that entities and queries get
/// their exact gradients; what is rounded are the factors of the two upper layers' weight gradients.
/// The perceptrons run on one thread; same bits for any number of threads.
class FactGraph {
 public:
  /// @param step  outlives this; its parameters and counter are stepped
  FactGraph(FactStep& step, const FactCompression& options);

  /// As FactStep::step().
  Nats step(std::span<const Observation> batch);
  /// The same under another compression, with nothing adapted. @param before_backward  called there where not empty
  Nats step(std::span<const Observation> batch, act::Compression& compression,
            const std::function<void()>& before_backward);

  /// With a budget, once, before the first step: chooses bits so that the process keeps to it.
  /// @param largest   a batch of which the run has none larger
  /// @param evaluate  runs what else the process takes memory for
  /// @param resumed   act::BudgetKeeper::state() of the run that is resumed, or nil
  /// @throws Error::OutOfMemory naming the smallest budget that could be met
  void plan_budget(std::span<const Observation> largest, const std::function<void()>& evaluate,
                   const formats::Value& resumed);
  act::BudgetKeeper* budget() { return budget_.get(); }

  /// A batch's forward pass, for who measures it.
  struct Forward {
    at::Tensor rows;  ///< [rows, dim] natural parameters: the output of what is compressed
    at::Tensor loss;  ///< in nats; its backward pass fills the gradients of parameters()
    Nats nats;        ///< the same
  };
  /// Readies a batch for forward(), before the compression's step begins. @return the perceptrons' inputs
  std::vector<at::Tensor> prepare(std::span<const Observation> batch);
  /// Of the batch that was prepared last.
  Forward forward(std::span<const Observation> batch);
  /// The perceptrons' weights and biases.
  const act::NamedTensors& parameters() const { return parameters_; }
  void own(act::Compression& compression) const;
  void clear_gradients();

  act::Compression& compression() { return compression_; }
  const act::CompressionOptions& compression_options() const { return compression_options_; }
  act::Adaptation* adaptation() { return adaptation_.get(); }  ///< at an adaptive level
  const act::AdaptationFigures& adapted() const { return adapted_; }

 private:
  class Rehearsed;
  void update(std::span<const Observation> batch);
  at::Tensor run(std::size_t first, at::Tensor rows) const;

  FactStep& step_;
  FactCompression options_;
  act::NamedTensors parameters_;  // of the head's perceptron, then the tail's: weights and biases by layer
  act::CompressionOptions compression_options_;
  act::Compression compression_;
  std::unique_ptr<act::Adaptation> adaptation_;
  std::unique_ptr<act::BudgetKeeper> budget_;
  act::AdaptationFigures adapted_;
  std::vector<at::Tensor>
      inputs_;  // of the head's perceptron and the tail's, with their gradients after a backward pass
};

}  // namespace terse::relsim
