#pragma once

#include <functional>
#include <span>
#include <vector>

#include "terse/learn/compressed_training.hpp"
#include "terse/relsim/facts/fact_step.hpp"

namespace terse::relsim {

/// Steps a fact model whose perceptrons LibTorch differentiates, so that the hidden layers, which are nearly all that a
/// step keeps for its backward pass, are compressed. All else is FactStep's: softmax and loss hold no
/// rows × entities, and need no backward pass. ReLU's masks are exact at any level, so that entities and queries get
/// their exact gradients; what is rounded are the factors of the two upper layers' weight gradients.
/// The perceptrons run on one thread; same bits for any number of threads.
class FactGraph : public learn::TrainingLoop {
 public:
  /// @param step  outlives this; its parameters and counter are stepped
  FactGraph(FactStep& step, const learn::CompressionChoice& choice);

  /// As FactStep::step(). @param before_backward  called between forward and backward where not empty
  Nats step(std::span<const Observation> batch, const std::function<void()>& before_backward = {});

  /// learn::CompressedTraining::plan_budget().
  /// @param largest   the largest batch of the run
  /// @param evaluate  runs what else the process takes memory for
  void plan_budget(std::span<const Observation> largest, std::function<void()> evaluate, const formats::Value& resumed);

  /// A batch and its forward pass, which leaves gradients in the perceptrons and their inputs. Until the next one.
  /// @param batch  outlives the pass
  /// @param nats   gets the loss of each forward pass, where not null
  act::Pass pass_over(std::span<const Observation> batch, Nats* nats = nullptr);

  learn::CompressedTraining& compressed() { return compressed_; }
  const learn::CompressedTraining& compressed() const { return compressed_; }

  /// The perceptrons' weights and biases.
  act::NamedTensors parameters() const override { return parameters_; }
  act::Pass largest() override { return pass_over(largest_); }
  void clear_gradients() override;
  void evaluate() override;
  /// A step at the rate of 0, from running values of 0, which they are again afterwards.
  void update() override;

 private:
  act::Pass::Result forward(std::span<const Observation> batch, Nats* nats);
  void update(std::span<const Observation> batch);
  at::Tensor run(std::size_t first, at::Tensor rows) const;

  FactStep& step_;
  act::NamedTensors parameters_;    // of the head's perceptron, then the tail's: weights and biases by layer
  std::vector<at::Tensor> inputs_;  // of both, with their gradients after a backward pass
  std::span<const Observation> largest_;
  std::function<void()> evaluate_;
  learn::CompressedTraining compressed_;
};

}  // namespace terse::relsim
