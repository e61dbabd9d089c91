#include "terse/act/memory/swap_store.hpp"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <unordered_set>
#include <vector>

#include "terse/act/memory/file_space.hpp"
#include "terse/act/memory/swap_file.hpp"
#include "terse/core/error.hpp"

namespace terse::act {

using Memories = std::vector<std::shared_ptr<SwapMemory>>;  // let go of outside the lock: giving back costs time

/// Guarded by the store's lock.
class SwapStore::Region {
 public:
  std::uint64_t offset = 0, bytes = 0;
  std::shared_ptr<SwapMemory> memory;  // while the store holds it
  bool written = false, busy = false;  // busy: the thread writes or reads it
  bool forgotten = false;              // no handle is left
  int wanted = 0;                      // calls of take() that wait for it
  std::uint64_t marked = 0;            // by the window that it was last in
  std::set<std::uint64_t> uses;        // never empty while there is a handle
};

class SwapStore::Implementation {
 public:
  Implementation(const SwapOptions& options, Allocate allocate)
      : options_(options),
        allocate_(std::move(allocate)),
        file_(options.directory),
        thread_([this](const std::stop_token& stop) {
          // Signals are the program's; RLIMIT_FSIZE then fails the write instead of ending the process.
          sigset_t all;
          sigfillset(&all);
          pthread_sigmask(SIG_BLOCK, &all, nullptr);
          work(stop);
        }) {}

  const SwapOptions& options() const { return options_; }

  std::shared_ptr<Region> put(std::shared_ptr<SwapMemory> memory);
  void expect(Region& region, std::shared_ptr<SwapMemory> present);
  std::shared_ptr<SwapMemory> take(Region& region, std::shared_ptr<SwapMemory> present);
  void forget(const std::shared_ptr<Region>& region);
  SwapFigures figures() const;

 private:
  using Lock = std::unique_lock<std::mutex>;

  void work(const std::stop_token& stop);
  std::shared_ptr<Region> next_to_read();
  void write(Lock& lock, const std::shared_ptr<Region>& region);
  void read_ahead(Lock& lock, const std::shared_ptr<Region>& region);
  void hold(Region& region, std::shared_ptr<SwapMemory> memory);
  void add_use(const std::shared_ptr<Region>& region);
  void free_space(const Region& region) { space_.give_back(region.offset, region.bytes); }
  std::vector<Region*> window();
  Memories trim();
  template <class Done>
  void wait(Lock& lock, const Done& done);
  void check() const {
    if (failure_) throw *failure_;
  }

  const SwapOptions options_;
  const Allocate allocate_;
  const SwapFile file_;

  mutable std::mutex mutex_;          // guards what follows
  std::condition_variable_any work_;  // for the thread
  std::condition_variable progress_;  // for callers
  FileSpace space_;
  std::deque<std::shared_ptr<Region>> to_write_;
  std::map<std::uint64_t, std::shared_ptr<Region>> uses_;  // to come, the highest first
  std::uint64_t last_use_ = 0;
  std::uint64_t position_ = 0;  // the next use is here or below
  std::uint64_t windows_ = 0;   // looked at so far
  bool taking_ = false;         // the last call was take(): the backward pass is under way
  std::unordered_set<Region*> resident_;
  std::uint64_t resident_bytes_ = 0;
  std::optional<Error> failure_;  // of a write
  bool no_memory_ = false;        // to read ahead, until the next take()
  SwapFigures figures_;

  std::jthread thread_;  // last: it uses all of the above
};

template <class Done>
void SwapStore::Implementation::wait(Lock& lock, const Done& done) {
  if (done()) return;
  const auto start = std::chrono::steady_clock::now();
  progress_.wait(lock, done);
  figures_.wait_seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// What is used next, as much of it as may be in memory besides what waits to be written.
std::vector<SwapStore::Region*> SwapStore::Implementation::window() {
  std::vector<Region*> found;
  ++windows_;
  std::uint64_t bytes = 0;
  for (auto use = std::make_reverse_iterator(uses_.upper_bound(position_)); use != uses_.rend(); ++use) {
    Region* region = use->second.get();
    if (region->marked == windows_) continue;
    bytes += region->bytes;
    if (bytes > options_.resident_bytes / 2) break;
    region->marked = windows_;
    found.push_back(region);
  }
  return found;
}

/// Lets go of what is written and not in the window.
Memories SwapStore::Implementation::trim() {
  Memories dropped;
  window();
  for (auto entry = resident_.begin(); entry != resident_.end();) {
    Region* region = *entry;
    if (!region->written || region->busy || region->wanted > 0 || region->marked == windows_) {
      ++entry;
      continue;
    }
    resident_bytes_ -= region->bytes;
    dropped.push_back(std::move(region->memory));
    region->memory = nullptr;
    entry = resident_.erase(entry);
  }
  return dropped;
}

void SwapStore::Implementation::hold(Region& region, std::shared_ptr<SwapMemory> memory) {
  region.memory = std::move(memory);
  resident_.insert(&region);
  resident_bytes_ += region.bytes;
}

void SwapStore::Implementation::add_use(const std::shared_ptr<Region>& region) {
  region->uses.insert(++last_use_);
  uses_.emplace(last_use_, region);
  position_ = last_use_;
}

std::shared_ptr<SwapStore::Region> SwapStore::Implementation::put(std::shared_ptr<SwapMemory> memory) {
  Memories dropped;
  Lock lock(mutex_);
  check();
  auto region = std::make_shared<Region>();
  region->bytes = memory->bytes().size();
  region->offset = space_.take(region->bytes);
  hold(*region, std::move(memory));
  add_use(region);
  taking_ = false;
  to_write_.push_back(region);
  figures_.swapped_bytes += region->bytes;
  figures_.file_bytes = space_.end();
  work_.notify_one();
  dropped = trim();
  lock.unlock();
  dropped.clear();
  lock.lock();
  wait(lock, [&] { return resident_bytes_ <= options_.resident_bytes || failure_; });
  return region;
}

void SwapStore::Implementation::expect(Region& region, std::shared_ptr<SwapMemory> present) {
  Memories dropped;
  const Lock lock(mutex_);
  add_use(uses_.at(*region.uses.begin()));
  if (!region.memory && !region.busy && present && resident_bytes_ + region.bytes <= options_.resident_bytes) {
    hold(region, std::move(present));
  }
  dropped = trim();
}

std::shared_ptr<SwapMemory> SwapStore::Implementation::take(Region& region, std::shared_ptr<SwapMemory> present) {
  Memories dropped;
  Lock lock(mutex_);
  check();
  taking_ = true;
  no_memory_ = false;
  // Its next use is the highest that is not past; a graph that runs once more begins again at the top.
  auto use = region.uses.upper_bound(position_);
  if (use == region.uses.begin()) use = region.uses.end();
  position_ = *std::prev(use) - 1;
  std::shared_ptr<SwapMemory> memory = std::move(present);
  if (!memory) {
    ++region.wanted;
    wait(lock, [&] { return region.memory || !region.busy; });
    --region.wanted;
    memory = region.memory;
  }
  if (!memory) {
    const auto start = std::chrono::steady_clock::now();
    lock.unlock();
    memory = allocate_(region.bytes);
    file_.read(memory->bytes(), region.offset);
    lock.lock();
    figures_.wait_seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  // Another use may be near: trim() tells.
  if (!region.memory && !region.busy && resident_bytes_ + region.bytes <= options_.resident_bytes) hold(region, memory);
  dropped = trim();
  work_.notify_one();
  return memory;
}

void SwapStore::Implementation::forget(const std::shared_ptr<Region>& region) {
  std::shared_ptr<SwapMemory> memory;
  Memories dropped;
  const Lock lock(mutex_);
  for (const std::uint64_t use : region->uses) uses_.erase(use);
  region->uses.clear();
  region->forgotten = true;
  if (region->busy) return;  // the thread ends it
  if (region->memory) {
    memory = std::move(region->memory);
    resident_.erase(region.get());
    resident_bytes_ -= region->bytes;
  }
  if (!region->written) std::erase(to_write_, region);
  free_space(*region);
  dropped = trim();
  progress_.notify_all();
  if (taking_) work_.notify_one();
}

SwapFigures SwapStore::Implementation::figures() const {
  const Lock lock(mutex_);
  check();
  return figures_;
}

/// The first of the window that is not in memory, in a backward pass and where the bound allows it.
std::shared_ptr<SwapStore::Region> SwapStore::Implementation::next_to_read() {
  if (!taking_ || no_memory_) return nullptr;
  for (Region* region : window()) {
    if (region->memory || region->busy) continue;
    if (resident_bytes_ + region->bytes > options_.resident_bytes) return nullptr;
    return uses_.at(*region->uses.begin());
  }
  return nullptr;
}

void SwapStore::Implementation::work(const std::stop_token& stop) {
  Lock lock(mutex_);
  while (!stop.stop_requested()) {
    if (const auto region = next_to_read()) {
      read_ahead(lock, region);
    } else if (!to_write_.empty() && !failure_) {
      const auto next = to_write_.front();
      to_write_.pop_front();
      write(lock, next);
    } else {
      work_.wait(lock, stop, [&] { return (!to_write_.empty() && !failure_) || next_to_read(); });
    }
  }
}

void SwapStore::Implementation::write(Lock& lock, const std::shared_ptr<Region>& region) {
  region->busy = true;
  std::shared_ptr<SwapMemory> memory = region->memory;
  std::optional<Error> failure;
  lock.unlock();
  try {
    file_.write(memory->bytes(), region->offset);
  } catch (const Error& error) {
    failure = error;
  }
  lock.lock();
  region->busy = false;
  region->written = !failure;
  if (failure) failure_ = failure;
  Memories dropped;
  if (region->forgotten) {
    resident_.erase(region.get());
    resident_bytes_ -= region->bytes;
    dropped.push_back(std::move(region->memory));
    free_space(*region);
  } else {
    dropped = trim();
  }
  progress_.notify_all();
  lock.unlock();
  memory = nullptr;
  dropped.clear();
  lock.lock();
}

void SwapStore::Implementation::read_ahead(Lock& lock, const std::shared_ptr<Region>& region) {
  region->busy = true;
  resident_bytes_ += region->bytes;
  std::shared_ptr<SwapMemory> memory;
  lock.unlock();
  try {
    memory = allocate_(region->bytes);
    file_.read(memory->bytes(), region->offset);
  } catch (...) {
    memory = nullptr;  // whoever takes the region meets the same, and says so
  }
  lock.lock();
  region->busy = false;
  resident_bytes_ -= region->bytes;
  if (!memory) no_memory_ = true;
  Memories dropped;
  if (region->forgotten) {
    free_space(*region);
    dropped.push_back(std::move(memory));
  } else if (memory) {
    hold(*region, std::move(memory));
    dropped = trim();  // what was near when the read began may be past by now
  }
  progress_.notify_all();
  lock.unlock();
  dropped.clear();
  lock.lock();
}

SwapStore::SwapStore(const SwapOptions& options, Allocate allocate)
    : implementation_(std::make_unique<Implementation>(options, std::move(allocate))) {}
SwapStore::~SwapStore() = default;

std::shared_ptr<SwapStore> SwapStore::open(const SwapOptions& options, Allocate allocate) {
  return std::shared_ptr<SwapStore>(new SwapStore(options, std::move(allocate)));
}

const SwapOptions& SwapStore::options() const { return implementation_->options(); }

SwapStore::Handle SwapStore::put(std::shared_ptr<SwapMemory> memory) {
  auto region = implementation_->put(std::move(memory));
  Region* pointer = region.get();
  return Handle(pointer, [store = shared_from_this(), region = std::move(region)](Region*) {
    store->implementation_->forget(region);
  });
}

void SwapStore::expect(const Handle& region, std::shared_ptr<SwapMemory> present) {
  implementation_->expect(*region, std::move(present));
}

std::shared_ptr<SwapMemory> SwapStore::take(const Handle& region, std::shared_ptr<SwapMemory> present) {
  return implementation_->take(*region, std::move(present));
}

SwapFigures SwapStore::figures() const { return implementation_->figures(); }

}  // namespace terse::act
