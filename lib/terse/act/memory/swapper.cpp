#include "terse/act/memory/swapper.hpp"

#include <ATen/EmptyTensor.h>

namespace terse::act {

namespace {

class StorageMemory final : public SwapMemory {
 public:
  explicit StorageMemory(c10::Storage storage) : storage_(std::move(storage)) {}
  std::span<std::byte> bytes() override {
    return {static_cast<std::byte*>(storage_.mutable_data()), storage_.nbytes()};
  }
  const c10::Storage& storage() const { return storage_; }

 private:
  c10::Storage storage_;
};

}  // namespace

SwappedStorage::SwappedStorage(std::shared_ptr<SwapStore> store, const c10::Storage& storage)
    : store_(std::move(store)),
      region_(store_->put(std::make_shared<StorageMemory>(storage))),
      restored_(storage.getWeakStorageImpl()) {}

/// The memory itself where it still lives, or what was restored before.
std::shared_ptr<SwapMemory> SwappedStorage::present() {
  auto storage = restored_.lock();
  return storage ? std::make_shared<StorageMemory>(c10::Storage(std::move(storage))) : nullptr;
}

void SwappedStorage::expect() {
  const std::lock_guard lock(mutex_);
  store_->expect(region_, present());
}

c10::Storage SwappedStorage::restore() {
  const std::lock_guard lock(mutex_);
  const auto memory = std::static_pointer_cast<StorageMemory>(store_->take(region_, present()));
  restored_ = memory->storage().getWeakStorageImpl();
  return memory->storage();
}

// NOLINTNEXTLINE(bugprone-exception-escape): not the swap() of two values
std::shared_ptr<SwappedStorage> Swapper::swap(const at::Tensor& tensor) {
  const c10::Storage& storage = tensor.storage();
  if (storage.nbytes() == 0 || storage.nbytes() < store_->options().least_bytes) return nullptr;
  const auto& counter = tensor.unsafeGetTensorImpl()->version_counter();
  const std::uint32_t version = counter.enabled() ? counter.current_version() : 0;
  const auto [first, last] = known_.equal_range(storage.unsafeGetStorageImpl());
  for (auto known = first; known != last; ++known) {
    if (known->second.version != version) continue;
    if (auto swapped = known->second.swapped.lock()) {
      swapped->expect();
      return swapped;
    }
  }
  auto swapped = std::make_shared<SwappedStorage>(store_, storage);
  known_.emplace(storage.unsafeGetStorageImpl(), Known{storage.getWeakStorageImpl(), version, swapped});
  return swapped;
}

std::shared_ptr<SwapStore> open_swap_store(const SwapOptions& options) {
  return SwapStore::open(options, [](std::size_t bytes) {
    const at::Tensor memory(at::detail::empty_cpu({static_cast<std::int64_t>(bytes)}, at::kByte));
    return std::make_shared<StorageMemory>(memory.storage());
  });
}

}  // namespace terse::act
