#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "terse/act/operators/operator_table.hpp"
#include "terse/act/packing/shared_tensors.hpp"
#include "terse/act/stored/normalised_tensor.hpp"
#include "terse/act/tensor/saved_tensor.hpp"

namespace terse::act {

/// The operators of a step whose results follow from what they saved (Recipe), to be recognised in these results
/// when they are saved too.
/// Holds nothing alive.
class Derivations {
 public:
  /// Called for each tensor that the running operator saves, with what became of it.
  void note(const SavedTensor& info, const at::Tensor& tensor, const std::shared_ptr<StoredTensor>& stored,
            const RunningOperator& running, const SharedTensors& shared);

  /// A stored form that computes the tensor again, and the id of what it hangs on most.
  struct Found {
    std::shared_ptr<StoredTensor> stored;
    std::string source;
  };
  /// For the unchanged result of an operator of this step, or a view of all of it.
  std::optional<Found> find(const at::Tensor& tensor) const;
  /// For a result that the running operator saves itself, where any of its operands is rounded, or `from_exact` ones.
  std::optional<Found> find_own(const SavedTensor& info, const at::Tensor& tensor, bool from_exact) const;

  void clear() { noted_.clear(); }

 private:
  /// A result of a noted operator.
  struct Result {
    NodeId node;
    std::size_t index;
    Form form;
  };
  struct Part {
    bool present = false;
    std::weak_ptr<StoredTensor> stored = {};
    std::optional<Result> result = std::nullopt;  // in place of `stored`
  };
  struct Noted {
    const Recipe* recipe;
    Compute compute;        // empty: cannot be computed
    Compute compute_exact;  // of exact parts, where not empty
    std::vector<Part> parts;
    std::string source = {};
    bool rounded = false;                             // any of the parts
    std::weak_ptr<NormalisedTensor> normalised = {};  // of a layer norm: waits for its statistics
    std::weak_ptr<Derivation> made = {};
  };

  Noted prepare(const Recipe& recipe, const RunningOperator& running, const SharedTensors& shared) const;
  static void complete(Noted& noted, const SavedTensor& info, const std::shared_ptr<StoredTensor>& stored);
  std::optional<Result> locate(const at::Tensor& tensor) const;
  std::shared_ptr<Derivation> derivation(const NodeId& node) const;

  mutable std::unordered_map<NodeId, Noted, NodeId::Hash> noted_;
};

}  // namespace terse::act
