#include "terse/act/memory/allocator.hpp"

#include <c10/core/CPUAllocator.h>
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "terse/act/memory/block_cache.hpp"
#include "terse/act/tensor/step_context.hpp"
#include "terse/act/tensor/torch.hpp"
#include "terse/core/error.hpp"
#include "terse/core/memory.hpp"

namespace terse::act {

namespace {

constexpr std::size_t kLargeBlock = 1u << 20;
constexpr std::uint64_t kStepSlack = 16u << 20;  // kept beside what a step holds at its peak
constexpr int kHeapBlock = 32 << 20;  // the heap's largest, and half of what it keeps at its end: glibc's upper limits
constexpr std::size_t kAlignment = 64;  // LibTorch's own
constexpr std::size_t kLargeBlockBounded = 128u << 10;
constexpr std::uintptr_t kLargeAlignment = 4096;  // at least
constexpr std::uint8_t kPriority = 100;           // above LibTorch's default allocator

class ReturningAllocator final : public c10::Allocator {
 public:
  explicit ReturningAllocator(std::uint64_t cache_bytes) : cache_bytes_(cache_bytes) {}

  c10::DataPtr allocate(std::size_t bytes) override;
  void release(void* data);

  // The data pointer is its own context, so raw_allocate and raw_deallocate work.
  c10::DeleterFnPtr raw_deleter() const override;
  void copy_data(void* to, const void* from, std::size_t bytes) const override { std::memcpy(to, from, bytes); }

  void set_cache_bytes(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    cache_bytes_ = bytes;
    cache_.keep_at_most(room_beside(held()));
  }

  void bound(std::uint64_t ceiling) {
    const std::lock_guard lock(mutex_);
    ceiling_ = ceiling;
    large_from_ = kLargeBlockBounded;
    cache_.keep_at_most(room_beside(held()));
  }

  void expect_step(bool expected) {
    const std::lock_guard lock(mutex_);
    in_steps_ = expected;
    step_peak_ = expected ? held_peak_ : 0;
    held_peak_ = held();
    cache_.keep_at_most(room_beside(held()));
  }

  AllocatorFigures figures() {
    const std::lock_guard lock(mutex_);
    return {live_.load(), peak_.load(), cache_.cached_bytes(), held()};
  }
  void reset_peak() { peak_ = live_.load(); }

  void limit_resident(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    resident_limit_ = bytes;
    most_unmanaged_ = 0;
  }

  void start_log();
  std::vector<Allocation> stop_log();
  std::uint64_t log_length();
  std::uint64_t block_of(const void* data);
  void log_restored(const void* memory, const void* stored);
  void log_stored(const void* memory);
  void log_saved(std::size_t number, const void* memory);
  std::vector<std::uint64_t> blocks_of_saved();

 private:
  struct LargeBlock {
    std::size_t bytes;  // as asked for
    std::size_t mapped;
  };

  void* allocate_small(std::size_t bytes);
  void* allocate_large(std::size_t bytes);
  void count(std::size_t bytes);
  void log_allocation(void* data, std::size_t bytes);
  void log_release(void* data, std::size_t bytes, std::optional<std::int64_t> unmanaged);
  Allocation* allocation_of(const void* memory);

  std::uint64_t held() const { return live_ - large_bytes_ + large_mapped_; }
  std::uint64_t room_beside(std::uint64_t held) const;
  std::int64_t unmanaged_bytes() const;
  void check_resident_limit(std::size_t bytes);

  std::atomic<std::uint64_t> live_{0}, peak_{0}, ceiling_{UINT64_MAX};
  std::atomic<std::size_t> large_from_{kLargeBlock};
  std::mutex mutex_;  // guards what follows
  BlockCache cache_;
  std::uint64_t cache_bytes_;
  std::uint64_t held_peak_ = 0;  // since the step under way began
  std::uint64_t step_peak_ = 0;  // of the step before; 0: no step is expected
  bool in_steps_ = false;
  std::unordered_map<void*, LargeBlock> large_;
  std::uint64_t large_bytes_ = 0, large_mapped_ = 0;  // of large_
  std::uint64_t resident_limit_ = UINT64_MAX;
  std::int64_t most_unmanaged_ = 0;  // since there is a limit

  std::atomic<bool> logging_{false};
  std::mutex log_mutex_;  // guards what follows
  std::vector<Allocation> log_;
  std::unordered_map<const void*, std::uint64_t> blocks_;
  std::uint64_t last_block_ = 0;
  std::vector<std::uint64_t> saved_blocks_;
  std::size_t saved_last_ = 0;  // index into saved_blocks_
};

// Never destroyed: tensors with static lifetime are freed after main.
std::atomic<ReturningAllocator*> installed{nullptr};

void release_data(void* data) {
  if (data) installed.load()->release(data);
}

[[noreturn]] void refuse(std::size_t bytes, std::uint64_t live) {
  throw Error(Error::OutOfMemory, "no memory for a tensor of " + std::to_string(bytes) + " bytes (" +
                                      std::to_string(live) + " bytes of tensors live)");
}

// A small block begins with its size, kept one alignment unit before the data.
void* ReturningAllocator::allocate_small(std::size_t bytes) {
  void* base = nullptr;
  if (posix_memalign(&base, kAlignment, bytes + kAlignment) != 0) refuse(bytes, live_);
  std::memcpy(base, &bytes, sizeof bytes);
  return static_cast<std::byte*>(base) + kAlignment;
}

void* ReturningAllocator::allocate_large(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  if (resident_limit_ != UINT64_MAX) check_resident_limit(bytes);
  LargeBlock block{bytes, 0};
  void* data = cache_.take(bytes, block.mapped, room_beside(held() + held_bytes(bytes)));
  if (!data) refuse(bytes, live_);
  large_.emplace(data, block);
  large_bytes_ += bytes;
  large_mapped_ += block.mapped;
  held_peak_ = std::max(held_peak_, held() + bytes);  // which live_ does not hold yet
  return data;
}

c10::DataPtr ReturningAllocator::allocate(std::size_t bytes) {
  const c10::Device device(c10::DeviceType::CPU);
  if (bytes == 0) return {nullptr, nullptr, &release_data, device};
  void* data = bytes < large_from_ ? allocate_small(bytes) : allocate_large(bytes);
  count(bytes);
  if (logging_.load(std::memory_order_relaxed)) log_allocation(data, bytes);
  return {data, data, &release_data, device};
}

void ReturningAllocator::release(void* data) {
  std::size_t bytes = 0;
  // A large block starts on a page; a small one seldom does, and is then not in the table.
  if (reinterpret_cast<std::uintptr_t>(data) % kLargeAlignment == 0) {
    const std::lock_guard lock(mutex_);
    if (const auto found = large_.find(data); found != large_.end()) {
      bytes = found->second.bytes;
      if (logging_.load(std::memory_order_relaxed)) log_release(data, bytes, unmanaged_bytes());
      const std::size_t mapped = found->second.mapped;
      large_bytes_ -= bytes;
      large_mapped_ -= mapped;
      large_.erase(found);
      live_ -= bytes;
      cache_.release(data, mapped, room_beside(held()));
      return;
    }
  }
  void* base = static_cast<std::byte*>(data) - kAlignment;
  std::memcpy(&bytes, base, sizeof bytes);
  if (logging_.load(std::memory_order_relaxed)) log_release(data, bytes, std::nullopt);
  std::free(base);  // NOLINT(cppcoreguidelines-no-malloc): this is the allocator
  live_ -= bytes;
}

c10::DeleterFnPtr ReturningAllocator::raw_deleter() const { return &release_data; }

void ReturningAllocator::count(std::size_t bytes) {
  const std::uint64_t live = live_.fetch_add(bytes) + bytes;
  std::uint64_t peak = peak_.load();
  while (live > peak && !peak_.compare_exchange_weak(peak, live)) {
  }
}

void ReturningAllocator::log_allocation(void* data, std::size_t bytes) {
  const std::lock_guard lock(log_mutex_);
  blocks_[data] = ++last_block_;
  log_.push_back({last_block_, static_cast<std::int64_t>(bytes), std::string(current_operator())});
}

void ReturningAllocator::log_release(void* data, std::size_t bytes, std::optional<std::int64_t> unmanaged) {
  const std::lock_guard lock(log_mutex_);
  const auto found = blocks_.find(data);
  if (found == blocks_.end()) return;
  log_.push_back({.block = found->second,
                  .bytes = -static_cast<std::int64_t>(bytes),
                  .operator_name = std::string(current_operator()),
                  .unmanaged = unmanaged});
  blocks_.erase(found);
}

// Called with mutex_ held. Bytes that may be kept for reuse while so many are held: those that the next step takes
// again cost nothing, as it will hold them all at its peak.
std::uint64_t ReturningAllocator::room_beside(std::uint64_t held) const {
  const auto below = [&](std::uint64_t bound) { return bound > held ? bound - held : 0; };
  const std::uint64_t least = in_steps_ ? std::min(cache_bytes_, kStepSlack) : cache_bytes_;
  return std::min(below(ceiling_), std::max(least, below(step_peak_)));
}

// Called with mutex_ held.
std::int64_t ReturningAllocator::unmanaged_bytes() const {
  return static_cast<std::int64_t>(core::resident_bytes()) - static_cast<std::int64_t>(held() + cache_.cached_bytes());
}

// Called with mutex_ held.
void ReturningAllocator::check_resident_limit(std::size_t bytes) {
  most_unmanaged_ = std::max(most_unmanaged_, unmanaged_bytes());
  const auto needed = held() + held_bytes(bytes) + static_cast<std::uint64_t>(most_unmanaged_);
  if (needed > resident_limit_) refuse(bytes, live_);
}

void ReturningAllocator::start_log() {
  const std::lock_guard lock(log_mutex_);
  log_.clear();
  blocks_.clear();
  last_block_ = 0;
  saved_blocks_.clear();
  logging_ = true;
}

std::vector<Allocation> ReturningAllocator::stop_log() {
  const std::lock_guard lock(log_mutex_);
  logging_ = false;
  blocks_.clear();
  return std::move(log_);
}

std::uint64_t ReturningAllocator::log_length() {
  const std::lock_guard lock(log_mutex_);
  return log_.size();
}

std::uint64_t ReturningAllocator::block_of(const void* data) {
  const std::lock_guard lock(log_mutex_);
  const auto found = blocks_.find(data);
  return found == blocks_.end() ? 0 : found->second;
}

// Called with log_mutex_ held. The allocation of a live block, one of the last as a rule; null where none is logged.
Allocation* ReturningAllocator::allocation_of(const void* memory) {
  const auto block = blocks_.find(memory);
  if (block == blocks_.end()) return nullptr;
  const auto found =
      std::find_if(log_.rbegin(), log_.rend(), [&](const Allocation& one) { return one.block == block->second; });
  return found == log_.rend() ? nullptr : &*found;
}

void ReturningAllocator::log_restored(const void* memory, const void* stored) {
  if (!logging_.load(std::memory_order_relaxed)) return;
  const std::lock_guard lock(log_mutex_);
  const auto source = blocks_.find(stored);
  if (Allocation* allocation = allocation_of(memory); allocation && source != blocks_.end()) {
    allocation->restores = source->second;
  }
}

void ReturningAllocator::log_stored(const void* memory) {
  if (!logging_.load(std::memory_order_relaxed)) return;
  const std::lock_guard lock(log_mutex_);
  if (Allocation* allocation = allocation_of(memory); allocation && !saved_blocks_.empty()) {
    allocation->stores = saved_last_ + 1;
  }
}

void ReturningAllocator::log_saved(std::size_t number, const void* memory) {
  if (!logging_.load(std::memory_order_relaxed)) return;
  const std::lock_guard lock(log_mutex_);
  const auto found = blocks_.find(memory);
  if (number >= saved_blocks_.size()) saved_blocks_.resize(number + 1, 0);
  saved_blocks_[number] = found == blocks_.end() ? 0 : found->second;
  saved_last_ = number;
}

std::vector<std::uint64_t> ReturningAllocator::blocks_of_saved() {
  const std::lock_guard lock(log_mutex_);
  return saved_blocks_;
}

}  // namespace

void install_allocator(std::uint64_t cache_bytes) {
  static std::mutex once;
  const std::lock_guard lock(once);
  if (auto* present = installed.load()) return present->set_cache_bytes(cache_bytes);
  // What operators take of the heap beside tensors (a convolution's reordered weights) comes and goes as often.
  mallopt(M_MMAP_THRESHOLD, kHeapBlock);
  mallopt(M_TRIM_THRESHOLD, 2 * kHeapBlock);
  auto* allocator = new ReturningAllocator(cache_bytes);
  installed = allocator;
  c10::SetCPUAllocator(allocator, kPriority);
}

void bound_allocator(std::uint64_t ceiling) {
  if (auto* allocator = installed.load()) allocator->bound(ceiling);
}

void expect_step() {
  if (auto* allocator = installed.load()) allocator->expect_step(true);
}

void expect_no_step() {
  if (auto* allocator = installed.load()) allocator->expect_step(false);
}

std::uint64_t held_bytes(std::uint64_t bytes) {
  if (bytes < kLargeBlockBounded) return bytes;
  return (bytes + kLargeAlignment - 1) / kLargeAlignment * kLargeAlignment;
}

void log_restored(const void* memory, const void* stored) {
  if (auto* allocator = installed.load()) allocator->log_restored(memory, stored);
}

void log_stored(const void* memory) {
  if (auto* allocator = installed.load()) allocator->log_stored(memory);
}

void log_saved(std::size_t number, const void* memory) {
  if (auto* allocator = installed.load()) allocator->log_saved(number, memory);
}

ResidentLimit::ResidentLimit(std::uint64_t bytes) {
  if (auto* allocator = installed.load()) allocator->limit_resident(bytes);
}
ResidentLimit::~ResidentLimit() {
  if (auto* allocator = installed.load()) allocator->limit_resident(UINT64_MAX);
}

std::vector<std::uint64_t> blocks_of_saved() {
  auto* allocator = installed.load();
  return allocator ? allocator->blocks_of_saved() : std::vector<std::uint64_t>{};
}

AllocatorFigures allocator_figures() {
  auto* allocator = installed.load();
  return allocator ? allocator->figures() : AllocatorFigures{};
}

void reset_allocator_peak() {
  if (auto* allocator = installed.load()) allocator->reset_peak();
}

void start_allocation_log() {
  auto* allocator = installed.load();
  if (!allocator) throw Error(Error::Usage, "an allocation log needs install_allocator() first");
  allocator->start_log();
}

std::vector<Allocation> stop_allocation_log() {
  auto* allocator = installed.load();
  return allocator ? allocator->stop_log() : std::vector<Allocation>{};
}

std::uint64_t allocation_log_length() {
  auto* allocator = installed.load();
  return allocator ? allocator->log_length() : 0;
}

std::uint64_t allocation_block(const void* data) {
  auto* allocator = installed.load();
  return allocator ? allocator->block_of(data) : 0;
}

}  // namespace terse::act
