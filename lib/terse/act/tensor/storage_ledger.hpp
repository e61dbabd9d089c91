#pragma once

#include <cstdint>
#include <unordered_map>

#include "terse/act/tensor/torch.hpp"

namespace terse::act {

/// Counts every storage once, for sums of bytes over tensors that share memory. Entries hold storages weakly: the
/// memory can go, and its address is not mistaken for that of a later storage.
class StorageLedger {
 public:
  /// The storage's bytes the first time, 0 afterwards.
  std::uint64_t charge(const c10::Storage& storage) {
    const bool is_new = charged_.try_emplace(storage.unsafeGetStorageImpl(), storage.getWeakStorageImpl()).second;
    return is_new ? storage.nbytes() : 0;
  }
  void clear() { charged_.clear(); }

 private:
  std::unordered_map<const c10::StorageImpl*, c10::weak_intrusive_ptr<c10::StorageImpl>> charged_;
};

}  // namespace terse::act
