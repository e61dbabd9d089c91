#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "terse/act/tensor/saved_tensor.hpp"

namespace terse::act {

/// Tensors that live anyway: parameters, buffers, the batch. Views of them are recognised by their storage.
class OwnedTensors {
 public:
  void add(const at::Tensor& tensor, Reason reason) { tensors_.push_back({tensor, reason}); }
  void clear() { tensors_.clear(); }

  /// Adds the storages that the tensors have now to `index` (a parameter's data may have been replaced).
  void index_into(std::unordered_map<const c10::StorageImpl*, Reason>& index) const {
    for (const auto& [tensor, reason] : tensors_) {
      if (tensor.defined() && tensor.has_storage()) index.emplace(tensor.storage().unsafeGetStorageImpl(), reason);
    }
  }

 private:
  struct Owned {
    at::Tensor tensor;
    Reason reason;
  };
  std::vector<Owned> tensors_;
};

}  // namespace terse::act
