#pragma once

#include <memory>
#include <mutex>
#include <unordered_map>

#include "terse/act/memory/swap_store.hpp"
#include "terse/act/tensor/torch.hpp"

namespace terse::act {

/// The memory of tensors, in a swap store. Shared by all stored tensors that are views of it.
class SwappedStorage {
 public:
  SwappedStorage(std::shared_ptr<SwapStore> store, const c10::Storage& storage);

  /// Notes that it is needed once more, before all that was noted so far.
  void expect();
  /// The memory with its content; while a restored storage lives, others get the same. Thread-safe.
  c10::Storage restore();

 private:
  std::shared_ptr<SwapMemory> present();

  std::shared_ptr<SwapStore> store_;
  SwapStore::Handle region_;
  std::mutex mutex_;
  c10::weak_intrusive_ptr<c10::StorageImpl> restored_;
};

/// Gives the memory of a step's stored tensors to a swap store, each storage once.
class Swapper {
 public:
  explicit Swapper(std::shared_ptr<SwapStore> store) : store_(std::move(store)) {}

  /// The swapped form of the tensor's storage at the tensor's present version; nullptr where it is too small.
  std::shared_ptr<SwappedStorage> swap(const at::Tensor& tensor);
  void clear() { known_.clear(); }

 private:
  struct Known {
    c10::weak_intrusive_ptr<c10::StorageImpl> storage;  // keeps the address from being used again
    std::uint32_t version;
    std::weak_ptr<SwappedStorage> swapped;
  };
  std::shared_ptr<SwapStore> store_;
  std::unordered_multimap<const c10::StorageImpl*, Known> known_;
};

/// A swap store whose memory comes from LibTorch's CPU allocator, as tensors' does.
std::shared_ptr<SwapStore> open_swap_store(const SwapOptions& options);

}  // namespace terse::act
