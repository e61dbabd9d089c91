#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "terse/act/compression.hpp"

namespace terse::act {

/// How strong the gradient is that arrives where saved tensors are used: the squared norm at the nodes that hold each.
/// What rounding a tensor adds to the gradient is linear in it, and it is what changes most of a sensitivity while a
/// network learns: on a vit, by factors of 10 to 900 within 1,500 steps, of which 0.3 to 10 remain where it is divided
/// out. A pass over each gradient says it, where a draw of the sensitivity takes a backward pass.
class NodeGradients {
 public:
  /// Watches the next backward pass of `loss`.
  /// @param saved  of the step; what is recomputed has no nodes yet
  /// @param ids    of those to watch; all where empty
  static std::shared_ptr<NodeGradients> watch(const at::Tensor& loss, std::span<const SavedTensor> saved,
                                              const std::set<std::string>& ids);

  /// By SavedTensor::id: sums over the nodes that hold it, views of it or what is derived from it. After the pass.
  std::map<std::string, double> squared_norms() const;

 private:
  std::set<std::pair<std::uint64_t, std::string>> held_;  // nodes' sequence numbers, with the ids they hold
  std::map<std::uint64_t, double> norms_;                 // by node
};

}  // namespace terse::act
