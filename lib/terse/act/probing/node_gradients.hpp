#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "terse/act/bits/sensitivity.hpp"
#include "terse/act/tensor/saved_tensor.hpp"

namespace terse::act {

/// How strong the gradient is where saved tensors are used: the squared norm of what arrives at the nodes that hold
/// each. What rounding a tensor adds to the gradient is linear in it, and it is what changes most of a sensitivity
/// while a network learns: on a vit, by factors of 10 to 900 within 1,500 steps, of which 0.3 to 10 remain where it is
/// divided out. A pass over each gradient says it, where a draw of the sensitivity takes a backward pass.
///
/// Of an error, what reaches the node's own parameters goes with the gradient that arrives; what goes on to the layers
/// before goes with the gradient that the node sends there (GradientStrength::passing), if it is none that multiplies
/// the tensor by a parameter. The two part where a node scales: a batch norm divides by the deviation of its input,
/// which on a resnet18's first grew so in 80 steps that the arriving gradient alone said 28 times too much.
class NodeGradients {
 public:
  /// Watches the next backward pass of `loss`.
  /// @param saved  of the step; what is recomputed has no nodes yet
  /// @param ids    of those to watch; all where empty
  static std::shared_ptr<NodeGradients> watch(const at::Tensor& loss, std::span<const SavedTensor> saved,
                                              const std::set<std::string>& ids);

  /// By SavedTensor::id: sums over the nodes that hold it, views of it or what is derived from it, divided by `unit`.
  /// After the pass.
  std::map<std::string, GradientStrength> strengths(double unit = 1) const;

 private:
  std::set<std::pair<NodeId, std::string>> held_;  // nodes, with the ids of what they hold
  std::map<NodeId, GradientStrength> at_;          // by node
};

}  // namespace terse::act
