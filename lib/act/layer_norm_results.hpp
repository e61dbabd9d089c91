#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "terse/act/compression.hpp"
#include "terse/act/stored_tensor.hpp"

namespace terse::act {

/// What a layer norm saved of its own, by role; undefined where it has no weight or bias.
struct LayerNormParts {
  std::shared_ptr<StoredTensor> input, mean, rstd, weight, bias;
};

/// A layer norm's result, computed again from its stored input: (x - mean) rstd weight + bias with the exact statistics.
/// Linear in x, so that rounding x leaves it without bias.
class LayerNormResult final : public StoredTensor {
 public:
  /// @param tensor  the result, or a view of its whole memory
  LayerNormResult(LayerNormParts parts, const at::Tensor& tensor);
  at::Tensor restore() override;
  bool draws_on(const StoredTensor& other) const override;

 private:
  LayerNormParts parts_;
  at::ScalarType type_;
  std::vector<std::int64_t> sizes_, strides_;
};

/// The layer norms of a step, to be recognised in their results when these are saved by what comes next. A node of the
/// graph is known by its sequence number, which it is given before it saves. Holds nothing alive.
class LayerNormResults {
 public:
  /// Called for each tensor that the running operator saves, with what became of it.
  void note(const SavedTensor& info, const std::shared_ptr<StoredTensor>& stored);
  /// The unchanged result of a layer norm of this step, or a view of all of it, as what computes it again; else nullptr.
  /// @param input_id  set to the id of the layer norm's input
  std::shared_ptr<StoredTensor> find(const at::Tensor& tensor, std::string& input_id) const;
  void clear() { layer_norms_.clear(); }

 private:
  struct Saved {
    std::weak_ptr<StoredTensor> input, mean, rstd, weight, bias;
    bool has_weight = false, has_bias = false;
    std::string input_id;
  };
  std::unordered_map<std::uint64_t, Saved> layer_norms_;  // by sequence number
};

}  // namespace terse::act
